"""Facts (事实): what happened in the shop, one record each, which every report is computed from."""
