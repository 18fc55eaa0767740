/// Letters and digits of a name in lower case: how names are compared, so that `Random-Forest` is `random_forest`.
pub fn plain_name(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Makes an enum of option structs that are told apart by `name` in a file: methods, models.
///
/// Each variant is an options struct with `Default`, serde and `JsonSchema`. The enum gets `names`, `from_name`,
/// `canonical_name`, `describe` and `name`, and `options`, which gives the struct as the trait that all of them have.
/// `unknown` makes the error for a name that is none of them.
#[macro_export]
macro_rules! choices {
    (
        $(#[$about:meta])*
        pub enum $choices:ident of dyn $role:path, else $unknown:ident -> $error:ty {
            $($variant:ident($options:ident) = $name:literal $(| $alias:literal)*),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "name")]
        #[non_exhaustive]
        pub enum $choices {
            $(
                #[doc = concat!("`", $name, "`.")]
                #[serde(rename = $name)]
                $variant($options),
            )+
        }

        impl $choices {
            /// All names.
            pub fn names() -> &'static [&'static str] {
                &[$($name),+]
            }

            /// The one of this name, with its default options. Case, hyphens and underscores do not matter.
            pub fn from_name(name: &str) -> Result<Self, $error> {
                match Self::canonical_name(name)? {
                    $($name => Ok(Self::$variant($options::default())),)+
                    _ => Err($unknown(name)),
                }
            }

            /// The name to write in a TOML file for any spelling of it.
            pub fn canonical_name(name: &str) -> Result<&'static str, $error> {
                let plain = $crate::plain_name(name);
                $(if [$name $(, $alias)*].iter().any(|known| $crate::plain_name(known) == plain) {
                    return Ok($name);
                })+
                Err($unknown(name))
            }

            /// What it is for, its options with defaults and ranges, and where it comes from.
            pub fn describe(name: &str) -> Result<$crate::Description, $error> {
                match Self::canonical_name(name)? {
                    $($name => Ok($crate::Description::of::<$options>($name)),)+
                    _ => Err($unknown(name)),
                }
            }

            /// Its name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }

            fn options(&self) -> &dyn $role {
                match self {
                    $(Self::$variant(options) => options,)+
                }
            }
        }
    };
}
