"""Bots (群机器人): webhook robots that tell the shop's people in a chat group of WeCom, DingTalk or Feishu."""
