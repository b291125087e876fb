//! Conversions to and from the times and dates of other libraries.

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "time")]
mod time;

/// Times for the tests of all conversions, with their seconds since 1970: some, the first and the last.
#[cfg(test)]
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
const MOMENTS: [(&str, i64); 4] = [
    ("2016-11-16 11:42:19", 1_479_267_739),
    ("1970-01-01 07:59:59", -1),
    ("0000-02-29 00:00:00", -62_162_150_400),
    ("9999-12-31 23:59:59", 253_402_271_999),
];
