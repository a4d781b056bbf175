"""Drafts: what the browser stores of unsaved changes, and what older versions of the studio stored there."""

import json

from studio.ui.draft import Draft
from tests import examples


def test_draft_of_an_older_version_is_read() -> None:
    preset = json.loads(examples.preset().to_json())
    preset["prompt"] = preset.pop("theme_prompt")
    old = {
        "preset": preset | {"version": 2}, "slug": "spring", "number": 3, "base": "mia",
        "words": "a red dress", "seed": 7,
    }  # fmt: skip
    draft = Draft.from_json(json.dumps(old))
    assert draft is not None
    assert (draft.version, draft.base_image_id, draft.user_prompt) == (3, "mia", "a red dress")
    assert draft.preset == examples.preset()


def test_draft_that_is_not_valid_is_ignored() -> None:
    for stored in (None, "", "{", json.dumps({"slug": "spring"})):
        assert Draft.from_json(stored) is None
