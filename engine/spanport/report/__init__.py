"""Comparisons to read: an HTML page and Markdown tables."""

from spanport.report.markdown import markdown_table, markdown_text
from spanport.report.page import render

__all__ = ["markdown_table", "markdown_text", "render"]
