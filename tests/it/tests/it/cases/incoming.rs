//! Notifications, return URLs and app results of `tests/cases/`.
