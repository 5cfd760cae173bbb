"""Reports: stored predictions become tables, files and figures; no model is needed."""
