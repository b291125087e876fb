//! Compares the `rust-version` of each published package with what its dependencies need, and checks the package with that version if it is installed.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::console::say;

/// Where a package says which of its features need a newer Rust than its `rust-version`: `[package.metadata.rust-version]`.
const BY_FEATURE: &str = "rust-version";

/// A version of Rust. `1.88` is `1.88.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version([u32; 3]);

impl Version {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = [0; 3];
        for (at, part) in text.split('.').enumerate() {
            let place = parts
                .get_mut(at)
                .ok_or_else(|| format!("`{text}` has more than three parts"))?;
            *place = part.parse().map_err(|error| format!("the version `{text}`: {error}"))?;
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}")?;
        if patch == 0 { Ok(()) } else { write!(f, ".{patch}") }
    }
}

/// Features of a package that have a minimum in common.
struct Claim {
    package: String,
    features: Vec<String>,
    minimum: Version,
}

impl Claim {
    /// What the package says: its own minimum for all features but those that have one of their own, and each of those.
    fn of_package(package: &Value) -> Result<Vec<Self>, Box<dyn Error>> {
        let name = text(package, "name")?;
        let minimum = text(package, "rust_version").map_err(|_| format!("{name} has no rust-version"))?;
        let features = package["features"].as_object().ok_or("a package without `features`")?;
        let newer = package["metadata"][BY_FEATURE].as_object().cloned().unwrap_or_default();
        if let Some(feature) = newer.keys().find(|feature| !features.contains_key(*feature)) {
            return Err(format!("{name} has no feature `{feature}`, but a minimum for it").into());
        }
        let others = features.keys().filter(|feature| !newer.contains_key(*feature));
        let mut claims = vec![Self {
            package: name.to_owned(),
            features: others.cloned().collect(),
            minimum: Version::parse(minimum)?,
        }];
        for (feature, minimum) in newer {
            let minimum = minimum
                .as_str()
                .ok_or_else(|| format!("the minimum of {name}'s `{feature}` is no text"))?;
            claims.push(Self {
                package: name.to_owned(),
                features: vec![feature],
                minimum: Version::parse(minimum)?,
            });
        }
        Ok(claims)
    }

    /// What cargo is told to select it.
    fn selection(&self) -> [String; 6] {
        let features = self.features.join(",");
        let fixed = [
            "--locked",
            "--package",
            &self.package,
            "--no-default-features",
            "--features",
            &features,
        ];
        fixed.map(str::to_owned)
    }

    /// The dependency that needs the newest Rust, of those that say what they need.
    fn newest(&self, workspace: &Path, needs: &Needs) -> Result<Option<(Version, String)>, Box<dyn Error>> {
        let selection = self.selection();
        let shape = [
            "tree",
            "--target",
            "all",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ];
        let tree = cargo(workspace, shape.into_iter().chain(selection.iter().map(String::as_str)))?;
        let mut newest = None;
        // `name v1.2.3`, and more where it is no package of the registry, or a program of macros.
        for line in tree.lines() {
            let mut words = line.split(' ');
            let (Some(name), Some(version)) = (words.next(), words.next().and_then(|word| word.strip_prefix('v')))
            else {
                return Err(format!("cargo tree has a line of another kind: {line}").into());
            };
            let key = (name.to_owned(), version.to_owned());
            let need = needs
                .get(&key)
                .ok_or_else(|| format!("cargo metadata has no {name} {version}"))?;
            if name != self.package
                && let Some(need) = *need
                && newest.as_ref().is_none_or(|(newest, _)| need > *newest)
            {
                newest = Some((need, format!("{name} {version}")));
            }
        }
        Ok(newest)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.features {
            [feature] => write!(f, "{} with `{feature}`", self.package),
            _ => write!(f, "{}", self.package),
        }
    }
}

/// What each version of each package needs, if it says so.
type Needs = HashMap<(String, String), Option<Version>>;

/// Compares, and checks what can be checked. Whether all of it holds.
pub(crate) fn run(workspace: &Path) -> Result<bool, Box<dyn Error>> {
    let metadata = cargo(
        workspace,
        ["metadata", "--format-version", "1", "--locked", "--all-features"],
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("cargo metadata has no `packages`")?;
    let mut needs = Needs::new();
    let mut claims = Vec::new();
    for package in packages {
        let key = (text(package, "name")?.to_owned(), text(package, "version")?.to_owned());
        let need = package["rust_version"].as_str().map(Version::parse).transpose()?;
        needs.insert(key, need);
        let is_published = package["publish"]
            .as_array()
            .is_none_or(|registries| !registries.is_empty());
        if package["source"].is_null() && is_published {
            claims.extend(Claim::of_package(package)?);
        }
    }
    let toolchains = Toolchains::installed()?;
    let mut holds = true;
    for claim in claims {
        let minimum = claim.minimum;
        match claim.newest(workspace, &needs)? {
            Some((need, dependency)) if need > minimum => {
                say(&format_args!(
                    "{claim}: {dependency} needs Rust {need}, and the package claims {minimum}"
                ));
                holds = false;
                continue;
            }
            Some((need, dependency)) => write!(
                io::stdout(),
                "{claim}: Rust {minimum}; dependencies need {need} ({dependency}); "
            )?,
            None => write!(
                io::stdout(),
                "{claim}: Rust {minimum}; no dependency says what it needs; "
            )?,
        }
        match toolchains.find(minimum) {
            Toolchain::Current => writeln!(io::stdout(), "the toolchain in use")?,
            Toolchain::Missing => writeln!(io::stdout(), "not compiled with it, which is not installed")?,
            Toolchain::Other(name) => {
                writeln!(io::stdout(), "compiled with {name}")?;
                let mut check = Command::new("rustup");
                check
                    .args(["run", name, "cargo", "check", "--quiet"])
                    .args(claim.selection());
                holds &= check.current_dir(workspace).status()?.success();
            }
        }
    }
    Ok(holds)
}

/// The toolchains of this machine.
struct Toolchains {
    current: Version,
    /// As rustup names them.
    others: Vec<String>,
}

/// The one of a version.
enum Toolchain<'t> {
    /// It runs this program, and has compiled everything before.
    Current,
    Other(&'t str),
    Missing,
}

impl Toolchains {
    fn installed() -> Result<Self, Box<dyn Error>> {
        let current = output(Command::new("rustc").arg("--version"))?;
        let version = current
            .split([' ', '-'])
            .nth(1)
            .ok_or("`rustc --version` shows no version")?;
        // Without rustup there are no others.
        let others = output(Command::new("rustup").args(["toolchain", "list", "--quiet"])).unwrap_or_default();
        Ok(Self {
            current: Version::parse(version)?,
            others: others.lines().map(str::to_owned).collect(),
        })
    }

    /// The last digit is a release of corrections, and does not matter.
    fn find(&self, Version([major, minor, _]): Version) -> Toolchain<'_> {
        if self.current.0[..2] == [major, minor] {
            return Toolchain::Current;
        }
        let of_version = |name: &&String| {
            let version = name.split('-').next().and_then(|version| Version::parse(version).ok());
            version.is_some_and(|Version(parts)| parts[..2] == [major, minor])
        };
        self.others
            .iter()
            .find(of_version)
            .map_or(Toolchain::Missing, |name| Toolchain::Other(name))
    }
}

fn cargo<'a>(workspace: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Result<String, Box<dyn Error>> {
    output(Command::new(env!("CARGO")).args(arguments).current_dir(workspace))
}

fn output(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} failed: {}", message.trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn text<'v>(package: &'v Value, key: &str) -> Result<&'v str, String> {
    package[key]
        .as_str()
        .ok_or_else(|| format!("cargo metadata shows a package without `{key}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(version("1.9") < version("1.88"));
        assert_eq!(version("1.88"), version("1.88.0"));
        assert!(version("1.88.1") > version("1.88"));
        assert_eq!(version("1.88.0").to_string(), "1.88");
        for bad in ["", "1.x", "1.2.3.4", "1.88-nightly"] {
            assert!(Version::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_feature_with_a_minimum_of_its_own_is_claimed_by_itself() {
        let mut package = json!({
            "name": "a",
            "rust_version": "1.88",
            "features": { "default": [], "sqlite": [] },
            "metadata": { "rust-version": { "sqlite": "1.94" } },
        });
        let claims = Claim::of_package(&package).unwrap();
        let claims: Vec<_> = claims.iter().map(|claim| (&*claim.features, claim.minimum)).collect();
        assert_eq!(
            claims,
            [
                (&["default".to_owned()][..], version("1.88")),
                (&["sqlite".to_owned()][..], version("1.94"))
            ]
        );

        package["metadata"]["rust-version"] = json!({ "sqlight": "1.94" });
        assert!(Claim::of_package(&package).is_err());
        package["metadata"] = json!(null);
        package["rust_version"] = json!(null);
        assert!(Claim::of_package(&package).is_err());
    }

    #[test]
    fn a_toolchain_is_found_by_its_minor_version() {
        let toolchains = Toolchains {
            current: version("1.95.1"),
            others: [
                "stable-x86_64-unknown-linux-gnu",
                "nightly",
                "1.88.0-x86_64-unknown-linux-gnu",
            ]
            .map(str::to_owned)
            .into(),
        };
        assert!(matches!(toolchains.find(version("1.95")), Toolchain::Current));
        assert!(matches!(toolchains.find(version("1.88")), Toolchain::Other(name) if name.starts_with("1.88.0-")));
        assert!(matches!(toolchains.find(version("1.8")), Toolchain::Missing));
    }
}
