"""What people look at: comparisons as pages and Markdown tables, labelled records as pages and in notebooks."""

from spanport.report.cards import Viewable
from spanport.report.markdown import markdown_table, markdown_text
from spanport.report.notebook import to_html
from spanport.report.page import render
from spanport.report.view import MOST, sample, view, view_sample

__all__ = [
    "MOST",
    "Viewable",
    "markdown_table",
    "markdown_text",
    "render",
    "sample",
    "to_html",
    "view",
    "view_sample",
]
