use std::fmt;

/// Writes the text, padded as the format specification says.
pub(super) fn pad(formatter: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
    if formatter.width().is_none() && formatter.precision().is_none() {
        formatter.write_fmt(text)
    } else {
        formatter.pad(&text.to_string())
    }
}
