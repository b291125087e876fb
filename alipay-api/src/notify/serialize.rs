//! serde's `Serialize` for notifications, to store them or to pass them on.

use serde_core::{Serialize, Serializer, ser::SerializeMap as _};

use super::Notification;
use crate::codec;

/// What it tells, as an object. Of an unknown one, its `name` alone: [`Verified`](super::Verified) has its parameters.
impl Serialize for Notification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(body) = self.body() {
            return codec::serialize(body, serializer);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("name", self.name())?;
        map.end()
    }
}
