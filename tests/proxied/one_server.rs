//! Both names lead to one server: the console says so, and no fence is set by it.
