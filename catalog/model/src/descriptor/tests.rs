//! Every peculiarity that `yaml` 2.9.1 was seen to have, and the budget.
