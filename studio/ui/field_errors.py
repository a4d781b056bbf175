"""The error of invalid values on the page, with the fields that have them."""

from collections.abc import Mapping, Sequence

from studio.errors import InvalidDocumentError
from studio.messages import Message


class FieldValidationError(InvalidDocumentError):
    """Invalid values on the page. `fields` has the reason for each field, by the field's element id."""

    def __init__(
        self,
        code: str,
        fields: Mapping[str, str | Message],
        /,
        **params: str | int | float | Message | Sequence[str | Message],
    ) -> None:
        super().__init__(code, **params)
        self.fields = fields
