//! Options that are written as a name alone, or as a table with `name` and its options.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// What reads the table.
pub(crate) trait Named<'de>: Sized {
    /// What may be written, in words.
    const EXPECTED: &'static str;

    /// Reads a table with `name`.
    fn table<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error>;

    /// The one of this name, with its default options.
    fn named<E: Error>(name: &str) -> Result<Self, E> {
        Self::table(MapDeserializer::new([("name", name)].into_iter()))
    }
}

/// Reads a name as the table that holds nothing else.
pub(crate) fn name_or_table<'de, T: Named<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct NameOrTable<T>(std::marker::PhantomData<T>);
    impl<'de, T: Named<'de>> Visitor<'de> for NameOrTable<T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(T::EXPECTED)
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
            T::named(name)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::table(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_any(NameOrTable(std::marker::PhantomData))
}
