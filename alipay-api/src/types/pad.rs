use std::fmt;

/// Writes it, padded where the caller asks for that.
pub(super) fn pad(formatter: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
    if formatter.width().is_none() && formatter.precision().is_none() {
        formatter.write_fmt(text)
    } else {
        formatter.pad(&text.to_string())
    }
}
