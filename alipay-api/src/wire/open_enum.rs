/// An enum whose set of values may grow: what is not listed is kept as it came.
pub trait OpenEnum: Clone + Sized + 'static {
    /// The listed values, as they stand on the wire.
    const VALUES: &'static [(&'static str, Self)];

    /// The value as it stands on the wire.
    fn value(&self) -> &str;

    /// One that is not listed.
    fn other(value: Box<str>) -> Self;

    /// The listed value of this text, or else an unlisted one.
    fn from_value(value: &str) -> Self {
        match Self::VALUES.iter().find(|(listed, _)| *listed == value) {
            Some((_, listed)) => listed.clone(),
            None => Self::other(value.into()),
        }
    }
}
