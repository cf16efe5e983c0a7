"""Inspection: what a net looks like."""
