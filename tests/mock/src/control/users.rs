//! The users who authorise the app.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::core::Core;
use crate::state::users::Visitor;

/// Which user agrees to what. What isn't given is the visitor's, and the scope `auth_user`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Consent {
    pub(crate) user_id: Option<String>,
    pub(crate) open_id: Option<String>,
    pub(crate) scope: Option<String>,
}

impl Core {
    /// A user agrees: gives the `auth_code`.
    pub(crate) fn authorise_user(&self, consent: Consent) -> String {
        let now = self.now();
        self.with_state(|state| {
            let lifetimes = *state.authorisations.lifetimes;
            let visitor = &state.users.visitor;
            let whose = match consent.user_id {
                Some(user_id) => (user_id, consent.open_id),
                None => (
                    visitor.user_id.clone(),
                    consent.open_id.or_else(|| visitor.open_id.clone()),
                ),
            };
            let scope = consent.scope.as_deref().unwrap_or("auth_user");
            state.users.agree(whose, scope, &lifetimes, now)
        })
    }

    /// Sets what is returned for a user.
    pub(crate) fn set_profile(&self, user_id: &str, profile: Map<String, Value>) {
        self.with_state(|state| state.users.set_profile(user_id, profile));
    }

    /// Sets whose browser it is.
    pub(crate) fn set_visitor(&self, visitor: Visitor) {
        self.with_state(|state| state.users.visitor.set(visitor));
    }
}
