//! A pole to be balanced.

use super::TaskEntry;
use crate::cartpole::task;

/// REINFORCE without a critic.
pub(super) const REINFORCE: TaskEntry = TaskEntry::bundled("cartpole", task);
