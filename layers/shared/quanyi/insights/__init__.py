"""What to do next (导航仪): findings in the nightly reports, each with its evidence and the call that acts on it. Rules
only: rows go in, insights come out."""
