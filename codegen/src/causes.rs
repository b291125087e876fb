//! Errors as people read them.

use std::error::Error;
use std::fmt;

/// An error whose [`Display`](fmt::Display) is its text and that of each of its causes, in one line with colons between them.
#[derive(Clone, Copy, Debug)]
pub struct Causes<'e>(pub &'e (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Causes;

    #[test]
    fn an_error_is_shown_with_its_causes() {
        let missing = std::env::temp_dir().join("alipay-codegen has no such folder");
        let error = crate::read_specs(&missing).unwrap_err();
        let cause = std::fs::read_dir(&missing).unwrap_err();
        assert_eq!(Causes(&error).to_string(), format!("{error}: {cause}"));
    }
}
