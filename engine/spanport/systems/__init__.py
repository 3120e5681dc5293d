"""Projection systems, published ones and ours, and what adding one takes."""

from spanport.options import SystemOptions
from spanport.systems.base import System, make_system, register, system_names
from spanport.systems.tools import Tools

__all__ = ["System", "SystemOptions", "Tools", "make_system", "register", "system_names"]
