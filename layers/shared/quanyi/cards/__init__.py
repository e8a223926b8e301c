"""Cards (卡密): the card itself is the stock counter. Each change is one conditional write, named in `table`."""
