"""NeMo Gym's reverification of rollouts and its environment server against the wire `nemoGym`."""

import asyncio
import json
import sys
from collections import Counter

import pytest
from aiohttp import web
from conftest import PACKAGE

PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in (1, 2, 3) for answer in ("Eight minutes, then cold water.", "Google it.")]
LONG = ("Say something long.", "word " * 3000)


def near(rewards):
    return pytest.approx(rewards, abs=1e-5)


def response_of(text):
    message = {"id": "m", "type": "message", "role": "assistant", "status": "completed"}
    message["content"] = [{"type": "output_text", "text": text, "annotations": []}]
    response = {"id": "r", "object": "response", "created_at": 0, "model": "policy", "output": [message]}
    return response | {"parallel_tool_calls": False, "tool_choice": "auto", "tools": []}


def rollouts_in(folder, pairs):
    """Files as a run of Gym leaves them: its inputs, and its rollouts with rewards of another verifier."""
    inputs, rollouts = folder / "inputs.jsonl", folder / "rollouts.jsonl"
    rows = [
        {"_ng_task_index": place // 2, "_ng_rollout_index": place % 2, "agent_ref": {"name": "judged_agent"}} for place in range(len(pairs))
    ]
    asked = [row | {"responses_create_params": {"input": [{"role": "user", "content": p}]}} for row, (p, _) in zip(rows, pairs, strict=True)]
    inputs.write_text("".join(json.dumps(row) + "\n" for row in asked))
    done = [row | {"response": response_of(text), "reward": 99.0} for row, (_, text) in zip(asked, pairs, strict=True)]
    rollouts.write_text("".join(json.dumps(row) + "\n" for row in done))
    return {"materialized_inputs_jsonl_fpath": str(inputs), "rollouts_jsonl_fpath": str(rollouts)}


async def reverify(folder, pairs):
    """A new connection pool for each run, since Gym's belongs to one event loop."""
    from nemo_gym import server_utils
    from nemo_gym.rollout_reverification import RolloutReverificationConfig, RolloutReverificationHelper

    config = RolloutReverificationConfig(**rollouts_in(folder, pairs), output_jsonl_fpath=str(folder / "judged.jsonl"))
    server_utils._GLOBAL_AIOHTTP_CLIENT = None
    return await RolloutReverificationHelper().run_from_config(config)


def test_rollouts_on_disk_are_judged_again_in_their_order(gym, rewards_of, tmp_path):
    results = asyncio.run(reverify(tmp_path, PAIRS))
    rewards = rewards_of(PAIRS)
    assert [result["reward"] for result in results] == near(rewards)
    assert [sum(result["reward_components"].values()) for result in results] == near(rewards)
    (metrics,) = json.loads((tmp_path / "judged_aggregate_metrics.json").read_text())
    assert metrics["key_metrics"]["mean/reward"] == near(sum(rewards) / len(rewards))
    assert "mean/mask_sample" not in metrics["agent_metrics"]


def test_a_failed_judgement_goes_to_the_failures_and_not_into_the_metrics(gym, rewards_of, tmp_path):
    results = asyncio.run(reverify(tmp_path, [*PAIRS, LONG]))
    assert [result["reward"] for result in results] == near(rewards_of(PAIRS))
    (failure,) = map(json.loads, (tmp_path / "judged_failures.jsonl").read_text().splitlines())
    assert (failure["_ng_failure_class"], failure["_ng_failure_terminal"], failure["mask_sample"]) == ("judge_failed", True, True)
    assert failure["instance_config"]["mask_sample"] is True and "ITEM_TOO_LONG" in failure["failure_reason"]
    (metrics,) = json.loads((tmp_path / "judged_aggregate_metrics.json").read_text())
    assert metrics["agent_metrics"]["min/reward"] == near(min(rewards_of(PAIRS)))


def agent_saying(text):
    """An agent server that says the same to everything."""

    async def seed(request):
        body = await request.json()
        answer = web.json_response({"agent_session_id": body["agent_session_id"]})
        answer.set_cookie("agent", "1")
        return answer

    async def say(_):
        return web.json_response(response_of(text))

    async def close(request):
        return web.json_response({"agent_session_id": (await request.json())["agent_session_id"]})

    app = web.Application()
    app.add_routes(
        [
            web.post("/v1/agent_sessions", seed),
            web.post("/v1/agent_sessions/close", close),
            web.post("/ng-rollout/{rollout}/v1/responses", say),
        ]
    )
    return app


async def episode(gym, prompt, text, seen):
    """One episode of Gym's environment server: its session at the gateway is opened, judged and closed."""
    sys.path.insert(0, str(PACKAGE))
    from environment_servers.single_agent_turn.app import SingleAgentTurnEnvironmentServer, SingleAgentTurnEnvironmentServerConfig
    from nemo_gym import server_utils
    from nemo_gym.base_environment_server import CleanupContext

    server_utils._GLOBAL_AIOHTTP_CLIENT = None
    runner = web.AppRunner(agent_saying(text))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client = gym.client()
    client._server_base_urls["judged_agent"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    post = type(client).request

    async def watched(self, server_name, url_path, method, **kwargs):
        answer = await post(self, server_name, url_path, method, **kwargs)
        seen[server_name, url_path, answer.status] += 1
        return answer

    type(client).request = watched
    config = SingleAgentTurnEnvironmentServerConfig(
        name="turn", host="127.0.0.1", port=1, entrypoint="app.py", cleanup_timeout_seconds=30,
        resources_server={"type": "resources_servers", "name": "rewardgate"}, agent_server={"type": "responses_api_agents", "name": "judged_agent"},
    )  # fmt: skip
    server = SingleAgentTurnEnvironmentServer(config=config, server_client=client)
    task = {"task_id": {"taskset": "t", "task_id": "1"}, "task_input": {"responses_create_params": {"input": prompt}, "task_data": {}}}
    request = server.request_model.model_validate({"episode_id": {"rollout_id": "0-0"}, "task": task})
    cleanup = CleanupContext(request.episode_id, 30)
    try:
        return await server.run(request, cleanup)
    finally:
        await cleanup.aclose()
        type(client).request = post
        await runner.cleanup()


def test_an_episode_of_the_environment_server_opens_a_session_gets_its_reward_and_closes_it(gym, rewards_of):
    seen = Counter()
    response = asyncio.run(episode(gym, *PAIRS[0], seen))
    assert response.failure is None and response.result.mask_sample is False
    assert response.result.reward == near(rewards_of(PAIRS[:1])[0])
    at_the_gateway = {path: status for (server, path, status) in seen if server == "rewardgate"}
    assert at_the_gateway == {"/seed_session": 200, "/verify": 200, "/close_session": 200}


def test_an_episode_whose_judgement_failed_is_masked(gym):
    response = asyncio.run(episode(gym, *LONG, Counter()))
    assert response.result.mask_sample is True and response.result.failure_kind == "judge_failed"
