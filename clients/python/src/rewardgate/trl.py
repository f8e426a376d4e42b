"""Reward functions and judges for TRL.

`GRPOTrainer`, `RLOOTrainer` and `OnlineDPOTrainer` take reward functions. A sample that has no reward gets `None`, which GRPO and RLOO mask
from TRL 1.6 on; the others, and those before it, would train on 0, so there it raises unless the number that stands for it is stated. The
judges have the interface of TRL's own, which it removed in 1.1.
"""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from .connection import counting_members, members_behind, shared_client
from .errors import Failure, NoRewardError, RequestError, UnavailableError
from .images import Images, column_of_images, with_images
from .item import Item, Prompt, labels_of, reference_of
from .preference import comparison_of, ranking_of
from .result import CandidateResult, required
from .retry import Retry
from .samples import Completion, Sample, by_sample, items_of, score_of

RewardFunction: TypeAlias = Callable[..., list[float | None]]
WhenUnavailable: TypeAlias = Literal["raise", "none"]


class _Scorer:
    """Scores the batch that every reward function of a step is given, once for all of them."""

    def __init__(
        self,
        address: str | None,
        panel: str | None,
        reference: str | None,
        metadata: Sequence[str],
        when_unavailable: WhenUnavailable,
        retry: Retry | None,
        *,
        images: Images = "send",
        on_failure: float | None = None,
    ) -> None:
        self._address = address
        self._panel = panel
        self._reference = reference
        self._metadata = tuple(metadata)
        self._images: Images = images
        self._on_failure = on_failure
        self._when_unavailable = when_unavailable
        self._retry = retry
        self._lock = threading.Lock()
        self._last: tuple[list[Sample], list[CandidateResult]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_last")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock(), _last=None)

    def members(self) -> list[str]:
        client = shared_client(self._address, self._panel, retry=self._retry)
        members = counting_members(client)
        if not members:
            # Members of one name may say something else in another panel, so which are to be trained on is for the caller to say.
            known = members_behind(client)
            said = f"sends items to other panels; name their members to train on, of members={known}, or take reward_function"
            raise RequestError("REQUEST_INVALID", f"panel {client.panel!r} {said}")
        return members

    def score(self, prompts: Sequence[Prompt], completions: Sequence[Completion], columns: Mapping[str, Any]) -> list[CandidateResult]:
        samples = self._samples(prompts, completions, columns)
        with self._lock:
            if self._last is None or self._last[0] != samples:
                self._last = (samples, self._fresh(samples))
            return self._last[1]

    def told(self, values: Sequence[float | None], candidates: Sequence[CandidateResult], columns: Mapping[str, Any]) -> list[float | None]:
        """What the trainer is told of the values of a function: for a sample without reward the number that stands for it, or `None`.

        Raises:
            NoRewardError: there is no such number, and the trainer would train on 0.
        """
        if self._on_failure is None and not _is_none_masked(columns):
            for place, candidate in enumerate(candidates):
                required(candidate, f"completion {place}, of whose None this trainer makes a 0 (state on_failure to go on with another number)")
        return [
            # A member may have scored what the panel failed or vetoed; trained on alone, its score would be the reward.
            self._on_failure if candidate.reward is None else value
            for value, candidate in zip(values, candidates, strict=True)
        ]

    def _fresh(self, samples: list[Sample]) -> list[CandidateResult]:
        items, places = items_of(samples, self._images)
        try:
            results = shared_client(self._address, self._panel, retry=self._retry).score(items)
        except UnavailableError as error:
            if self._when_unavailable == "raise":
                raise
            failure = Failure(error.reason, error.message, error.retryable)
            lost = CandidateResult("failed", None, failure, [], None, [])
            there = error.results or [None] * len(items)
            return [lost if (result := there[item]) is None else result.candidates[candidate] for item, candidate in places]
        return by_sample(results, places)

    def _samples(self, prompts: Sequence[Prompt], completions: Sequence[Completion], columns: Mapping[str, Any]) -> list[Sample]:
        references = columns[self._reference] if self._reference is not None else [None] * len(prompts)
        ids = None if _is_online_dpo(columns) else columns.get("completion_ids")
        return [
            Sample(
                self._prompt(prompt, columns, i),
                completion,
                reference_of(references[i], f"column {self._reference!r}"),
                tuple(labels_of({name: columns[name][i] for name in self._metadata}).items()),
                None if ids is None else len(ids[i]),
            )
            for i, (prompt, completion) in enumerate(zip(prompts, completions, strict=True))
        ]

    def _prompt(self, prompt: Prompt, columns: Mapping[str, Any], place: int) -> Prompt:
        """The prompt with the images that the trainer holds beside it: TRL puts them in for its model, in some trainers without what they show."""
        images = column_of_images(columns, place) if self._images == "send" else ()
        return with_images(prompt, images) if images and not isinstance(prompt, str) else prompt


def reward_function(
    address: str | None = None,
    *,
    panel: str | None = None,
    name: str | None = None,
    reference: str | None = None,
    metadata: Sequence[str] = (),
    images: Images = "send",
    on_failure: float | None = None,
    when_unavailable: WhenUnavailable = "raise",
    retry: Retry | None = None,
) -> RewardFunction:
    """One reward function for a panel: its reward.

    Means of every member's score and the share of failures are logged as metrics, and each member's scores as columns of the table of
    completions, where the trainer offers that.

    Args:
        address: host and port; default REWARDGATE_ADDRESS.
        panel: default REWARDGATE_PANEL.
        name: name in the trainer's metrics; default the panel's.
        reference: column with the reference answers.
        metadata: columns that go along as labels.
        images: whether judges are shown the images of prompts, which `omit` leaves out.
        on_failure: a number that stands for a reward that there is not. Default none: `None`, or, where the trainer would make a 0 of that,
            an error.
        when_unavailable: a gateway that does not answer within `retry.timeout` ends the run, or leaves the samples without reward.
    """
    scorer = _Scorer(address, panel, reference, metadata, when_unavailable, retry, images=images, on_failure=on_failure)
    return _OfPanel(name or panel or "rewardgate", scorer)


def reward_functions(
    address: str | None = None,
    *,
    panel: str | None = None,
    members: Sequence[str] | None = None,
    reference: str | None = None,
    metadata: Sequence[str] = (),
    images: Images = "send",
    on_failure: float | None = None,
    when_unavailable: WhenUnavailable = "raise",
    retry: Retry | None = None,
) -> list[RewardFunction]:
    """One reward function for each member of a panel, which share one call: for `reward_weights`, and for
    `multi_objective_aggregation="normalize_then_sum"` (GDPO). Each gives the member's score after calibration and transforms, without its weight;
    none gives one where the panel gives no reward, whose share is logged.

    Args:
        members: their names, in the order of the functions; default all that count in the panel, asked for now.
        others: as those of `reward_function`.

    Raises:
        RequestError: no such panel, or one that routes, whose panels may have different members; name them.
    """
    scorer = _Scorer(address, panel, reference, metadata, when_unavailable, retry, images=images, on_failure=on_failure)
    return [_OfMember(member, scorer) for member in (scorer.members() if members is None else members)]


class _Function:
    """A reward function that can be pickled, since `AsyncGRPOTrainer` calls it in another process."""

    def __init__(self, name: str, scorer: _Scorer) -> None:
        self.__name__ = name
        self._scorer = scorer


class _OfPanel(_Function):
    def __call__(self, prompts: Sequence[Prompt], completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        candidates = self._scorer.score(prompts, completions, columns)
        _log(candidates, columns.get("log_metric"), columns.get("log_extra"))
        _log_failed(candidates, columns.get("log_metric"))
        return self._scorer.told([candidate.reward for candidate in candidates], candidates, columns)


class _OfMember(_Function):
    def __call__(self, prompts: Sequence[Prompt], completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        candidates = self._scorer.score(prompts, completions, columns)
        # The same of every member; the trainer logs the mean.
        _log_failed(candidates, columns.get("log_metric"))
        return self._scorer.told([score_of(candidate, self.__name__) for candidate in candidates], candidates, columns)


def asynchronous(function: RewardFunction) -> Callable[..., Awaitable[list[float | None]]]:
    """A reward function that the trainer awaits beside others; for GRPO and RLOO."""

    async def reward(**kwargs: Any) -> list[float | None]:
        return await asyncio.to_thread(function, **kwargs)

    reward.__name__ = function.__name__
    return reward


def _is_none_masked(columns: Mapping[str, Any]) -> bool:
    """Whether the trainer that calls leaves out a sample whose rewards are all `None`, rather than sum them up to 0.

    TRL's GRPO and RLOO do from 1.6 on; of the trainers that tell their state they alone offer `log_metric`, from 1.0 on.
    """
    version = _version()
    return version is None or (version >= [1, 6] and not _is_online_dpo(columns))


def _is_online_dpo(columns: Mapping[str, Any]) -> bool:
    """Whether OnlineDPO of TRL 1.0 on calls, or a trainer made of it. It fills the ids of completions up to one length and names no id that it does
    that with, so their number is none of a completion."""
    version = _version()
    return version is not None and version >= [1, 0] and "trainer_state" in columns and "log_metric" not in columns


def _version() -> list[int] | None:
    version = getattr(sys.modules.get("trl"), "__version__", None)
    return None if version is None else [int(part) for part in re.findall(r"\d+", version)[:2]]


def _log(candidates: Sequence[CandidateResult], log_metric: Any, log_extra: Any) -> None:
    members = list(dict.fromkeys(part.member for candidate in candidates for part in candidate.judges))
    for member in members:
        scores = [score_of(candidate, member) for candidate in candidates]
        there = [score for score in scores if score is not None]
        if log_extra is not None:
            log_extra(member, scores)
        if log_metric is not None and there:
            log_metric(f"rewardgate/{member}", sum(there) / len(there))


def _log_failed(candidates: Sequence[CandidateResult], log_metric: Any) -> None:
    if log_metric is not None and candidates:
        log_metric("rewardgate/failed", sum(candidate.reward is None for candidate in candidates) / len(candidates))


class _Judge:
    """What the judges share. Orders cannot matter to a panel that scores candidates apart, so `shuffle_order` is ignored."""

    def __init__(self, address: str | None = None, *, panel: str | None = None, retry: Retry | None = None) -> None:
        self._address = address
        self._panel = panel
        self._retry = retry

    def _score(self, prompts: Sequence[Prompt], completions: Sequence[Sequence[str]]) -> list[Any]:
        client = shared_client(self._address, self._panel, retry=self._retry)
        return client.score([Item(prompt, list(texts)) for prompt, texts in zip(prompts, completions, strict=True)])


class RankJudge(_Judge):
    """Ranks the completions of each prompt."""

    def judge(self, prompts: Sequence[Prompt], completions: Sequence[Sequence[str]], shuffle_order: bool = True) -> list[list[int]]:
        """Places of the completions, best first.

        Raises:
            NoRewardError: a completion has no reward; there is no other way to say it here.
        """
        return [ranking_of(result) for result in self._score(prompts, completions)]


class PairwiseJudge(_Judge):
    """Says which of two completions is better."""

    def judge(self, prompts: Sequence[Prompt], completions: Sequence[Sequence[str]], shuffle_order: bool = True) -> list[int]:
        """0 or 1, the first of equals; -1 where one of them has no reward."""
        return [_better(result) for result in self._score(prompts, completions)]


def _better(result: Any) -> int:
    try:
        return comparison_of(result).better or 0
    except NoRewardError:
        return -1


class BinaryJudge(_Judge):
    """Says whether a completion is good enough.

    Args:
        threshold: rewards at or above it are, in the panel's score space.
    """

    def __init__(
        self, address: str | None = None, *, panel: str | None = None, threshold: float, retry: Retry | None = None
    ) -> None:
        super().__init__(address, panel=panel, retry=retry)
        self._threshold = threshold

    def judge(
        self,
        prompts: Sequence[Prompt],
        completions: Sequence[str],
        gold_completions: Sequence[str | None] | None = None,
        shuffle_order: bool = True,
    ) -> list[int]:
        """1 or 0; -1 where there is no reward. Gold completions are reference answers."""
        gold = gold_completions or [None] * len(prompts)
        client = shared_client(self._address, self._panel, retry=self._retry)
        items = [Item(prompt, [text], reference=reference) for prompt, text, reference in zip(prompts, completions, gold, strict=True)]
        rewards = [result.candidates[0].reward for result in client.score(items)]
        return [-1 if reward is None else int(reward >= self._threshold) for reward in rewards]


class AllTrueJudge:
    """All of several binary judges (a mixture of judges, CGPO, arXiv:2409.20370): -1 if any says -1, 1 if all say 1, else 0."""

    def __init__(self, judges: Sequence[BinaryJudge]) -> None:
        self._judges = judges

    def judge(
        self,
        prompts: Sequence[Prompt],
        completions: Sequence[str],
        gold_completions: Sequence[str | None] | None = None,
        shuffle_order: bool = True,
    ) -> list[int]:
        """One verdict per completion."""
        columns = zip(*(judge.judge(prompts, completions, gold_completions) for judge in self._judges), strict=True)
        return [-1 if -1 in verdicts else int(all(verdicts)) for verdicts in columns]
