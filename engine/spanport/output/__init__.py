"""What a job writes: committed output, rejects, and a journal to go on from. Knows no stages and no language."""

from spanport.output.committed import Output
from spanport.output.files import check_outputs, is_regular
from spanport.output.records import Part, Reject

__all__ = ["Output", "Part", "Reject", "check_outputs", "is_regular"]
