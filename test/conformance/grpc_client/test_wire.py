"""The gRPC wire as a Python client sees it: scores, streams, errors, health, reflection."""

import math

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

SERVICE = "rewardgate.v1.RewardService"
TIMEOUT = 300
GOOD = "Put it in boiling water for eight minutes, then cool it under cold water."
BAD = "no"


def test_score_gives_a_finite_reward_and_every_part_of_it(api, stub, item):
    answer = stub.Score(api.ScoreRequest(panel="chat", items=[item("a", GOOD, BAD), item("b", GOOD)]), timeout=TIMEOUT)
    assert [result.id for result in answer.results] == ["a", "b"]
    assert [len(result.candidates) for result in answer.results] == [2, 1]
    assert answer.panel_revision
    for result in answer.results:
        for candidate in result.candidates:
            assert candidate.status == api.CANDIDATE_STATUS_COMPLETE
            assert candidate.HasField("reward") and math.isfinite(candidate.reward)
            assert not candidate.HasField("error")
            assert len(candidate.judges) >= 2
            assert sum(part.contribution for part in candidate.judges) == pytest.approx(candidate.reward, abs=1e-6)
            for part in candidate.judges:
                assert part.outcome == api.OUTCOME_SCORED
                assert part.revision and part.determinism
                assert all(part.HasField(name) for name in ("raw", "calibrated", "transformed", "contribution"))
            assert any(len(part.objectives) > 1 and len(part.gating) > 1 for part in candidate.judges)
    assert answer.usage.candidates == 3
    assert answer.timing.total_ms > 0


def test_detail_reward_leaves_the_parts_out(api, stub, item):
    options = api.ScoreOptions(detail=api.DETAIL_REWARD)
    answer = stub.Score(api.ScoreRequest(panel="chat", items=[item("a", GOOD)], options=options), timeout=TIMEOUT)
    candidate = answer.results[0].candidates[0]
    assert candidate.HasField("reward") and len(candidate.judges) == 0


def test_the_same_candidate_gets_the_same_reward_from_the_cache_or_not(api, stub, item):
    def reward(use):
        request = api.ScoreRequest(panel="chat", items=[item("a", GOOD)], options=api.ScoreOptions(cache=use))
        return stub.Score(request, timeout=TIMEOUT).results[0].candidates[0]

    first, second = reward(api.CACHE_USE_USE), reward(api.CACHE_USE_USE)
    assert all(part.cached for part in second.judges)
    assert first.reward == second.reward
    bypassed = reward(api.CACHE_USE_BYPASS)
    assert not any(part.cached for part in bypassed.judges)
    assert bypassed.reward == pytest.approx(first.reward, abs=1e-5)


def test_a_stream_answers_every_item_once_by_id(api, stub, item):
    def requests():
        for i in range(200):
            yield api.ScoreStreamRequest(panel="chat", item=item(f"id-{i}", f"{GOOD} {i % 10}"))
        yield api.ScoreStreamRequest(panel="chat", item=item("empty"))

    answers = list(stub.ScoreStream(requests(), timeout=300))
    by_id = {answer.id: answer for answer in answers}
    assert len(answers) == len(by_id) == 201
    assert by_id["empty"].WhichOneof("outcome") == "error"
    assert by_id["empty"].error.reason == "CANDIDATES_EMPTY"
    for i in range(200):
        answer = by_id[f"id-{i}"]
        assert answer.WhichOneof("outcome") == "result"
        assert answer.result.id == f"id-{i}"
        assert answer.result.candidates[0].HasField("reward")
        assert answer.panel_revision


def test_an_error_has_details_that_the_standard_library_reads(api, stub, item):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Score(api.ScoreRequest(panel="chat", items=[item("a", GOOD), item("a", GOOD)]), timeout=TIMEOUT)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(caught.value)
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info) and status.details[1].Unpack(bad_request)
    assert (info.reason, info.domain) == ("REQUEST_INVALID", "rewardgate")
    assert [violation.field for violation in bad_request.field_violations] == ["items[1].id"]


def test_an_unknown_panel_is_not_found(api, stub, item):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Score(api.ScoreRequest(panel="chatt", items=[item("a", GOOD)]), timeout=TIMEOUT)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(caught.value).details[0].Unpack(info)
    assert info.reason == "PANEL_NOT_FOUND"


def test_the_request_id_comes_back(api, stub):
    _, call = stub.GetVersion.with_call(api.GetVersionRequest(), metadata=[("x-request-id", "from-python")], timeout=TIMEOUT)
    assert ("x-request-id", "from-python") in [tuple(pair) for pair in call.trailing_metadata()]


def test_the_lists_name_the_shipped_judges_and_panel(api, stub):
    judges = {judge.name for judge in stub.ListJudges(api.ListJudgesRequest(), timeout=TIMEOUT).judges}
    panels = {panel.name: panel for panel in stub.ListPanels(api.ListPanelsRequest(), timeout=TIMEOUT).panels}
    assert {"chat-objectives", "chat-reward"} <= judges
    assert {member.judge for member in panels["chat"].members} <= judges
    assert stub.GetVersion(api.GetVersionRequest(), timeout=TIMEOUT).version


def test_health_checks_and_watches(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for name in ("", SERVICE):
        request = health_pb2.HealthCheckRequest(service=name)
        assert health.Check(request, timeout=TIMEOUT).status == health_pb2.HealthCheckResponse.SERVING
        watch = health.Watch(request, timeout=TIMEOUT)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="other"), timeout=TIMEOUT)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_reflection_describes_the_service(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert {SERVICE, "grpc.health.v1.Health"} <= set(database.get_services())
    pool = descriptor_pool.DescriptorPool(database)
    assert pool.FindServiceByName("grpc.health.v1.Health").methods_by_name["Check"]
    service = pool.FindServiceByName(SERVICE)
    assert {method.name for method in service.methods} == {"Score", "ScoreStream", "ListJudges", "ListPanels", "GetVersion"}
    assert service.methods_by_name["Score"].input_type.fields_by_name["panel"].number == 1
    reward = pool.FindMessageTypeByName("rewardgate.v1.CandidateResult").fields_by_name["reward"]
    assert reward.has_presence
