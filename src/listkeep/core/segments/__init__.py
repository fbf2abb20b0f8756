"""Segments: facets that stay readable, and the filter language over them.

Most callers need ``Schema``, ``parse_segment`` and, where rows enter a list,
``FacetRisk`` with ``verify_anonymity``. The nodes of the tree are public for the
dock, which compiles them to SQL under the rules written in ``ast.py``.
"""

from listkeep.core.segments.anonymity import (
    AnonymityReport,
    FacetRisk,
    FacetShare,
    verify_anonymity,
)
from listkeep.core.segments.ast import (
    All,
    And,
    Compare,
    Member,
    Missing,
    Node,
    Not,
    Operator,
    Or,
    Present,
    StatusCompare,
    StatusMember,
    all_of,
    any_of,
    format_node,
)
from listkeep.core.segments.evaluate import Predicate, compile_predicate
from listkeep.core.segments.facets import Facet
from listkeep.core.segments.language import Segment, SegmentError, parse_segment
from listkeep.core.segments.schema import Schema
from listkeep.core.segments.values import WORSE, FacetType, Row, Status, Value

__all__ = [
    "WORSE",
    "All",
    "And",
    "AnonymityReport",
    "Compare",
    "Facet",
    "FacetRisk",
    "FacetShare",
    "FacetType",
    "Member",
    "Missing",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Predicate",
    "Present",
    "Row",
    "Schema",
    "Segment",
    "SegmentError",
    "Status",
    "StatusCompare",
    "StatusMember",
    "Value",
    "all_of",
    "any_of",
    "compile_predicate",
    "format_node",
    "parse_segment",
    "verify_anonymity",
]
