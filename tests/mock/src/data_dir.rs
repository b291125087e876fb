//! Where users' programs keep their data.

use std::ffi::OsString;
use std::path::PathBuf;

/// The program's folder there.
const OWN: &str = "alipay-mock";

/// The program's folder in the user's data directory: by the XDG Base Directory Specification, by macOS's or by Windows' custom.
pub(crate) fn usual(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join(OWN))
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn it_is_below_the_data_directory_of_the_user() {
        let usual = |variables: &[(&str, &str)]| {
            let found = |name: &str| variables.iter().find(|(other, _)| *other == name);
            super::usual(|name| found(name).map(|(_, value)| (*value).into()))
        };
        let some = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            usual(&[("HOME", "/home/me")]),
            some("/home/me/.local/share/alipay-mock")
        );
        let both = [("HOME", "/home/me"), ("XDG_DATA_HOME", "/data")];
        assert_eq!(usual(&both), some("/data/alipay-mock"));
        // One that is not absolute is to be ignored.
        let relative = [("HOME", "/home/me"), ("XDG_DATA_HOME", "data")];
        assert_eq!(usual(&relative), some("/home/me/.local/share/alipay-mock"));
        assert_eq!(usual(&[]), None);
    }
}
