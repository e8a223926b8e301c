"""Claims (补卡申请): a buyer or the shop says that a card is bad; another takes its place, or a person says why not."""
