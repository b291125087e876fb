//! The ways in which a method can be called: each protocol, with public keys and with certificates, plain and encrypted.

use std::fmt;

use alipay_api::Protocol;
use alipay_codegen::ir::{Kind, Method, Placement};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mode {
    pub(crate) is_v3: bool,
    pub(crate) is_certified: bool,
    pub(crate) is_encrypted: bool,
}

impl Mode {
    pub(crate) const ALL: [Self; 8] = [
        Self::of(0),
        Self::of(1),
        Self::of(2),
        Self::of(3),
        Self::of(4),
        Self::of(5),
        Self::of(6),
        Self::of(7),
    ];

    const fn of(bits: u8) -> Self {
        Self {
            is_v3: bits & 4 != 0,
            is_certified: bits & 2 != 0,
            is_encrypted: bits & 1 != 0,
        }
    }

    pub(crate) fn protocol(self) -> Protocol {
        if self.is_v3 { Protocol::V3 } else { Protocol::V2 }
    }

    /// Whether the method is checked with all that there is to it. In the other modes it goes the same ways, and differs in signature or
    /// encryption alone.
    pub(crate) fn is_thorough(self, method: &Method) -> bool {
        !self.is_encrypted && self.is_certified == method.certificate_only
    }

    /// Why the method can't be called so.
    pub(crate) fn obstacle(self, method: &Method) -> Option<&'static str> {
        if !method.kind.is_answered() && (self.is_v3 || self.is_encrypted) {
            return Some("pages and order strings are V2, and plain");
        }
        if method.certificate_only && !self.is_certified {
            return Some("in certificate mode only");
        }
        if self.is_v3 && method.v3.is_none() {
            return Some("no form in V3");
        }
        if !self.is_encrypted && method.encrypted {
            return Some("encrypted only");
        }
        if self.is_encrypted && method.kind == Kind::Upload {
            return Some("uploads are not encrypted");
        }
        (self.is_encrypted && !self.has_content(method)).then_some("no content that could be encrypted")
    }

    /// Whether some field goes in V2's content, or in V3's body.
    fn has_content(self, method: &Method) -> bool {
        let mut fields = method.request.fields.iter();
        let Some(v3) = method.v3.as_ref().filter(|_| self.is_v3) else {
            return fields.any(|field| field.placement == Placement::Business);
        };
        let has_body = !["GET", "DELETE"].contains(&&*v3.verb);
        let stands_elsewhere = |name: &String| v3.query.contains(name) || v3.path.contains(&format!("{{{name}}}"));
        has_body && fields.any(|field| !stands_elsewhere(&field.name) && !v3.without.contains(&field.name))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.is_v3 { "V3" } else { "V2" };
        let keys = if self.is_certified { "cert" } else { "key" };
        let content = if self.is_encrypted { "AES" } else { "plain" };
        formatter.pad(&format!("{protocol} {keys} {content}"))
    }
}
