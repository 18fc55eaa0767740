use std::path::Path;

use crate::Error;

/// What a file name says about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) kind: FileKind,
    pub(crate) packing: Packing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Cells between separators; tabs if the extension says so, else found out.
    Delimited {
        tabs: bool,
    },
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zstd,
}

/// What a path leads to, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A table.
    Table,
    /// Pictures: a folder, or a file that is none of a table.
    Pictures,
    /// Parquet may hold either.
    Either,
}

/// Tells tables from pictures by the name of the file.
pub fn content_of(path: &Path) -> Content {
    if path.is_dir() || crate::images::is_attributes(path) {
        return Content::Pictures;
    }
    match Format::of(path) {
        Ok(format) if format.kind == FileKind::Parquet => Content::Either,
        Ok(_) => Content::Table,
        Err(_) => Content::Pictures,
    }
}

impl Format {
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let name = path
            .file_name()
            .map_or(String::new(), |name| name.to_string_lossy().to_lowercase());
        let (name, packing) = match name.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Packing::Gzip),
            Some((stem, "zst")) => (stem, Packing::Zstd),
            _ => (name.as_str(), Packing::None),
        };
        let kind = match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("csv" | "data" | "dat" | "test" | "txt" | "data-numeric") => {
                FileKind::Delimited { tabs: false }
            }
            Some("tsv" | "tab") => FileKind::Delimited { tabs: true },
            Some("parquet" | "pq") if packing == Packing::None => FileKind::Parquet,
            Some("arrow" | "feather" | "ipc" | "arrows") if packing == Packing::None => FileKind::Arrow,
            _ => {
                return Err(Error::UnknownFormat {
                    file: path.display().to_string(),
                });
            }
        };
        Ok(Self { kind, packing })
    }

    pub(crate) fn name(self) -> &'static str {
        match (self.kind, self.packing) {
            (FileKind::Parquet, _) => "Parquet",
            (FileKind::Arrow, _) => "Arrow",
            (FileKind::Delimited { .. }, Packing::None) => "text",
            (FileKind::Delimited { .. }, Packing::Gzip) => "gzip",
            (FileKind::Delimited { .. }, Packing::Zstd) => "zstd",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, kind: FileKind, packing: Packing) {
        assert_eq!(Format::of(Path::new(name)).expect(name), Format { kind, packing });
    }

    #[test]
    fn tables_are_told_from_pictures() {
        for (name, content) in [
            ("a.csv.gz", Content::Table),
            ("a.arrow", Content::Table),
            ("a.parquet", Content::Either),
            ("train-images-idx3-ubyte.gz", Content::Pictures),
            ("a.npz", Content::Pictures),
            ("list_attr_celeba.txt", Content::Pictures),
            (".", Content::Pictures),
        ] {
            assert_eq!(content_of(Path::new(name)), content, "{name}");
        }
    }

    #[test]
    fn the_extension_names_the_format() {
        check("a/b.CSV", FileKind::Delimited { tabs: false }, Packing::None);
        check("b.tsv.zst", FileKind::Delimited { tabs: true }, Packing::Zstd);
        check(
            "adult.test.gz",
            FileKind::Delimited { tabs: false },
            Packing::Gzip,
        );
        check("x.feather", FileKind::Arrow, Packing::None);
        assert!(Format::of(Path::new("x.xlsx")).is_err());
        assert!(Format::of(Path::new("gz")).is_err());
    }
}
