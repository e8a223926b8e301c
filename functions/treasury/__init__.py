"""Treasury (收款设置): setting payment providers up, and telling them what was delivered."""
