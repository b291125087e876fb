use super::{Verified, mismatch};
use crate::{Error, method::PageMethod, protocol::Sanitized};
