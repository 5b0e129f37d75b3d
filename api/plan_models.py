"""What the routes of plans, drafts, jobs and files take and answer: one model a shape."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: ids and texts that people write: bounded, and without characters that no database keeps
Id = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*$")]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
Grid = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f]*$")]
Revision = Annotated[int, Field(ge=0, lt=2**31)]
FileOf = Annotated[str, StringConstraints(pattern=r"^f[0-9a-f]{24}(:[^|\x00-\x1f]{1,100})?$")]


class Wish(BaseModel):
    """A body that is sent: what it does not know is refused, so that nothing is silently left undone."""

    model_config = ConfigDict(extra="forbid")


class MoveTold(Wish):
    """One block changes its grid; `old` says where it was, so that nothing is moved twice."""

    block: Id
    old: Grid = Field(description="Empty for a block that was in no grid.")
    new: Grid


class PlanTold(BaseModel):
    """A plan, and how far it has come; `effective` is the day from which it holds."""

    id: str
    district_code: str
    district: str
    name: str
    state: str
    tier: str
    based_on: str | None
    from_draft: str | None
    who: str
    at: datetime
    effective: date | None
    grids: int


class StepTold(BaseModel):
    """A step on a plan's way."""

    step: str
    who: str
    at: datetime
    comment: str


class PlanList(BaseModel):
    """Plans, the newest first; `next` is the address of those after them."""

    plans: list[PlanTold]
    next: str | None


class PlanAnswer(PlanTold):
    """A plan with its counts and the steps that it took."""

    counts: dict[str, int]
    steps: list[StepTold]


class DraftWish(Wish):
    """How a new draft is called."""

    name: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""


class Handing(Wish):
    """What is handed in: the plan itself, or a draft of it as it is at a revision."""

    draft: Id | None = None
    revision: Revision | None = None
    comment: Text = ""


class Saying(Wish):
    """What is said with a step."""

    comment: Text = ""


class Publishing(Wish):
    """From which day on a plan is to hold, in the time zone of its district."""

    effective: date
    comment: Text = ""
    allow_errors: bool = Field(default=False, description="Though the plan breaks rules; the record says so.")
    allow_older: bool = Field(default=False, description="Though it does not follow from the last publication.")


class PlanStep(BaseModel):
    """The plan that a step was taken with, and its state now."""

    plan: str
    state: str
    effective: date | None = None


class DraftTold(BaseModel):
    """A draft, and how far it has come."""

    id: str
    plan: str
    district_code: str
    name: str
    state: str
    revision: int
    who: str
    at: datetime
    changed_at: datetime


class DraftList(BaseModel):
    """Drafts, the one changed last first."""

    drafts: list[DraftTold]


class Patch(Wish):
    """Moves that were made while looking at a revision of a draft."""

    revision: Revision
    moves: Annotated[list[MoveTold], Field(max_length=10_000)]
    why: Text = ""


class UndoWish(Wish):
    """Take back an entry of the journal; without one, the caller's own last."""

    revision: Revision
    entry: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    why: Text = ""


class ClashTold(BaseModel):
    """A block that was sent to two grids: by the caller, and by somebody else since the caller's revision."""

    block: str
    mine: MoveTold
    theirs: MoveTold
    who: str | None = Field(default=None, description="Who sent it there.")


class PatchAnswer(BaseModel):
    """The draft's revision now, what took effect, and what people must settle; what took effect is kept for good."""

    revision: int
    accepted: list[MoveTold]
    clashes: list[ClashTold]
    repeated: bool = Field(description="The answer to a request that was answered before.")
    renamed: dict[str, str] = Field(description="Ids of new grids that somebody else had taken → the ids they got.")
    entry: int | None = Field(description="The entry that an undo took back.")


class EntryTold(BaseModel):
    """One accepted change of a draft."""

    revision: int
    kind: str
    moves: list[MoveTold]
    undoes: int | None
    cut: dict[str, Any] | None
    why: str
    who: str
    at: datetime


class Journal(BaseModel):
    """Changes of a draft after a revision, in order; `more` says whether others follow."""

    entries: list[EntryTold]
    revision: int
    more: bool


class IssueTold(BaseModel):
    """What a rule has to say."""

    rule: str
    severity: Literal["error", "exception", "warning"]
    message_zh: str
    message_en: str
    grid_id: str
    grid_code: str
    block_ids: list[str]
    found: str
    wanted: str
    remedies: list[str]


class IssuesAnswer(BaseModel):
    """What the rules say of a draft at a revision."""

    revision: int
    legal: bool
    counts: dict[str, int]
    issues: list[IssueTold]


class Comparison(BaseModel):
    """What moves from one plan or draft to another; `moved` are blocks, `staff` those whose grid changes.

    `handover` are doors that one person gives to another: a row a block and post, and in sum in `handover_totals`.
    """

    before: str
    after: str
    totals: dict[str, float]
    grids: list[dict[str, Any]]
    moved: list[dict[str, Any]]
    staff: list[dict[str, Any]]
    handover: list[dict[str, Any]]
    handover_totals: list[dict[str, Any]]


Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class CutWish(Wish):
    """A block, and the line in WGS 84 (longitude, latitude) along which it is cut in two or more."""

    block_id: Id
    line: Annotated[list[tuple[Degrees, Degrees]], Field(min_length=2, max_length=1000)]
    revision: Revision
    why: Text = ""


class CutAnswer(BaseModel):
    """The draft's revision now, and the blocks that stand where the one stood."""

    revision: int
    block: str
    parts: list[str]
    repeated: bool


class SuggestWish(Wish):
    """The grids, by id or code, that are to be brought into the band."""

    grids: Annotated[list[Grid], Field(min_length=1, max_length=50)]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Measures(BaseModel):
    """Households of some grids, how many are out of band and by how much, and what they cost."""

    households: dict[str, int]
    out_of_band: int
    unproved: int
    households_off: int
    cost: float


class Reason(BaseModel):
    """Why these blocks cannot be divided better."""

    message_zh: str
    message_en: str


class MovesSuggested(BaseModel):
    """Moves that mend some grids of a draft at a revision; nothing of it is entered."""

    revision: int
    moves: list[MoveTold]
    before: Measures
    after: Measures
    findings: list[Reason]
    message_zh: str
    message_en: str
    households_moved: int


class Here(Wish):
    """Which grids the caller is working on, for others to see; a soft claim that binds nobody."""

    grids: Annotated[list[Grid], Field(max_length=50)] = []


class EditorTold(BaseModel):
    """Somebody who has the draft open."""

    who: str
    grids: list[str]
    at: datetime


class Editors(BaseModel):
    """Who has the draft open."""

    editors: list[EditorTold]


class FileTold(BaseModel):
    """A file that was handed in."""

    id: str
    name: str
    size: int
    until: datetime


class FileList(BaseModel):
    """The caller's files."""

    files: list[FileTold]


class LayerTold(BaseModel):
    """A layer of a file."""

    name: str
    geometry: str | None
    rows: int | None = Field(description="Null where only reading it all would tell.")
    crs: str | None
    columns: list[str]


class FileAnswer(FileTold):
    """A file with the layers in it."""

    layers: list[LayerTold]


class BandWish(Wish):
    """Households of a grid, in place of the scheme's."""

    min: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    max: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    target: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class InputsWish(Wish):
    """Files that were handed in, by what they are: `<id>` or `<id>:<layer>`."""

    boundary: FileOf | None = None
    streets: FileOf | None = None
    households: FileOf | None = None
    communities: FileOf | None = None
    barriers: FileOf | None = None
    compounds: FileOf | None = None
    buildings: FileOf | None = None
    staff: FileOf | None = None
    blocks: FileOf | None = None


class JobWish(Wish):
    """Long work: `build` a plan from files, `update` an earlier plan to new files, `suggest` for a draft."""

    kind: Literal["build", "update", "suggest"]
    district: Id | None = Field(default=None, description="Code of the district; that of the plan or draft without it.")
    name: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""
    inputs: InputsWish = InputsWish()
    crs: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^|\x00-\x1f]*$")] | None = None
    count_column: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^|\x00-\x1f]*$")] | None = None
    scheme: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,40}$")] | None = None
    band: BandWish = BandWish()
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    time_limit: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 120
    prove: bool = False
    max_moved: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    plan: Id | None = Field(default=None, description="The plan to follow, of an update.")
    draft: Id | None = Field(default=None, description="The draft, of a suggestion.")
    grids: Annotated[list[Grid], Field(max_length=1000)] = []


class JobTold(BaseModel):
    """A job, and how far it has come: `share` is that of its stage; `result` names the plan when it is done."""

    id: str
    kind: str
    state: str
    stage: str
    share: float
    result: dict[str, Any]
    problem: str
    attempts: int
    who: str
    at: datetime
    changed_at: datetime


class JobList(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobTold]
