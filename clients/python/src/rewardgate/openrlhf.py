"""A reward function for OpenRLHF: `--reward.remote_url path/to/rewardgate/openrlhf.py` (before 0.10.2 `--remote_rm_url`).

The gateway's address and panel are those of REWARDGATE_ADDRESS and REWARDGATE_PANEL. OpenRLHF can also call the gateway's HTTP wire
`/get_reward` without this package; here outages are ridden out for as long as `Retry` says. Clients up to 0.9.0 give it whole groups, newer ones each
sample by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rewardgate.connection import shared_client
from rewardgate.result import required
from rewardgate.samples import Sample, by_sample, items_of, label_of, score_of
from rewardgate.templates import conversation_of


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **_: Any) -> dict[str, Any]:
    """Rewards of templated queries.

    Args:
        queries: templated prompt with the response behind it.
        prompts: templated prompts.
        labels: reference answers, where they are text or numbers.

    Returns:
        `rewards` and `scores` as tensors, and `extra_logs` with each member's scores, under the same keys in every call.

    Raises:
        NoRewardError: a query has no reward; no number stands in for it.
    """
    import torch

    client = shared_client(None, None)
    samples = [
        Sample(*conversation_of(query, prompt), label_of(label))
        for query, prompt, label in zip(queries, prompts, labels, strict=True)
    ]
    items, places = items_of(samples)
    candidates = by_sample(client.score(items), places)
    rewards = torch.tensor([required(each, f"query {place}") for place, each in enumerate(candidates)], dtype=torch.float32)
    members = client.members()
    # A member without a score is no number, and so are all means over it.
    nan = float("nan")
    logs = {
        member: torch.tensor([nan if (score := score_of(each, member)) is None else score for each in candidates]) for member in members
    }
    return {"rewards": rewards, "scores": rewards, "extra_logs": logs}
