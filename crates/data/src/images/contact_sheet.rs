//! Many pictures on one sheet.

use counterpoise_base::ImageShape;

use super::codec::encode_png;

/// A place on a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The picture, its channels one after the other; without one the place stays empty.
    pub picture: Option<&'a [u8]>,
    /// Colour of the frame around it.
    pub mark: Option<[u8; 3]>,
}

impl<'a> Cell<'a> {
    /// A picture without a mark.
    pub fn new(picture: &'a [u8]) -> Self {
        Self {
            picture: Some(picture),
            mark: None,
        }
    }

    /// A place that stays empty.
    pub fn empty() -> Self {
        Self {
            picture: None,
            mark: None,
        }
    }

    /// Sets [`mark`](Self::mark).
    pub fn with_mark(mut self, colour: [u8; 3]) -> Self {
        self.mark = Some(colour);
        self
    }
}

/// Pictures of one shape in lines and columns: real, reconstructed and synthetic ones side by side.
///
/// Sheets are grey if pictures are and nothing is marked in colour, else in colours.
///
/// # Examples
///
/// ```
/// use counterpoise_base::ImageShape;
/// use counterpoise_data::{Cell, ContactSheet};
///
/// let mut sheet = ContactSheet::new(ImageShape::new(1, 2, 2), 3);
/// sheet.push(Cell::new(&[0, 50, 100, 150]));
/// sheet.push(Cell::new(&[0, 50, 100, 150]).with_mark([200, 0, 0]));
/// assert!(sheet.png().starts_with(b"\x89PNG"));
/// ```
#[derive(Debug, Clone)]
pub struct ContactSheet<'a> {
    shape: ImageShape,
    columns: usize,
    cells: Vec<Cell<'a>>,
    /// Pixels of the sheet a side of a pixel of a picture.
    pub scale: usize,
    /// Pixels between places, and around all of them.
    pub gap: usize,
    /// Pixels of a frame; frames take their place from no picture.
    pub border: usize,
    /// What lies between pictures.
    pub background: u8,
}

impl<'a> ContactSheet<'a> {
    /// An empty sheet for pictures of this shape.
    ///
    /// # Panics
    ///
    /// If there is no column, or if pictures have other than 1 or 3 channels.
    pub fn new(shape: ImageShape, columns: usize) -> Self {
        assert!(columns > 0, "a sheet has a column");
        assert!(
            matches!(shape.channels, 1 | 3),
            "pictures of a sheet are grey or have three colours"
        );
        Self {
            shape,
            columns,
            cells: Vec::new(),
            scale: 1,
            gap: 2,
            border: 2,
            background: 255,
        }
    }

    /// Sets [`scale`](Self::scale).
    pub fn with_scale(mut self, scale: usize) -> Self {
        self.scale = scale.max(1);
        self
    }

    /// Sets [`gap`](Self::gap).
    pub fn with_gap(mut self, gap: usize) -> Self {
        self.gap = gap;
        self
    }

    /// Puts a picture into the next place, from left to right and from top to bottom.
    ///
    /// # Panics
    ///
    /// If the picture has another number of values than the shape.
    pub fn push(&mut self, cell: Cell<'a>) {
        let whole = |picture: &[u8]| picture.len() == self.shape.values();
        assert!(
            cell.picture.is_none_or(whole),
            "a picture of {} is whole",
            self.shape
        );
        self.cells.push(cell);
    }

    /// Leaves the rest of a line empty.
    pub fn end_line(&mut self) {
        while !self.cells.len().is_multiple_of(self.columns) {
            self.cells.push(Cell::empty());
        }
    }

    /// Lines of places.
    pub fn lines(&self) -> usize {
        self.cells.len().div_ceil(self.columns)
    }

    /// The sheet as one picture.
    pub fn picture(&self) -> (ImageShape, Vec<u8>) {
        let marked = self.cells.iter().any(|cell| cell.mark.is_some());
        let border = if marked { self.border } else { 0 };
        let (high, wide) = (self.shape.height * self.scale, self.shape.width * self.scale);
        let place = |length: usize| length + 2 * border + self.gap;
        let grey_mark = |mark: [u8; 3]| mark[0] == mark[1] && mark[1] == mark[2];
        let grey = self.shape.channels == 1 && self.cells.iter().filter_map(|cell| cell.mark).all(grey_mark);
        let sheet = ImageShape::new(
            if grey { 1 } else { 3 },
            (self.lines() * place(high) + self.gap).max(1),
            (self.columns * place(wide) + self.gap).max(1),
        );
        let mut values = vec![self.background; sheet.values()];
        for (number, cell) in self.cells.iter().enumerate() {
            let top = self.gap + number / self.columns * place(high);
            let left = self.gap + number % self.columns * place(wide);
            for channel in 0..sheet.channels {
                let plane = &mut values[channel * sheet.height * sheet.width..][..sheet.height * sheet.width];
                if let Some(mark) = cell.mark {
                    for line in top..top + high + 2 * border {
                        plane[line * sheet.width + left..][..wide + 2 * border].fill(mark[channel]);
                    }
                }
                let Some(picture) = cell.picture else {
                    if cell.mark.is_some() {
                        for line in top + border..top + border + high {
                            plane[line * sheet.width + left + border..][..wide].fill(self.background);
                        }
                    }
                    continue;
                };
                let size = self.shape.height * self.shape.width;
                let source = &picture[channel % self.shape.channels * size..][..size];
                for line in 0..high {
                    let pixels = &source[line / self.scale * self.shape.width..][..self.shape.width];
                    let target = &mut plane[(top + border + line) * sheet.width + left + border..][..wide];
                    for (place, value) in target.iter_mut().enumerate() {
                        *value = pixels[place / self.scale];
                    }
                }
            }
        }
        (sheet, values)
    }

    /// The sheet as the bytes of a PNG file.
    pub fn png(&self) -> Vec<u8> {
        let (shape, values) = self.picture();
        encode_png(shape, &values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_one_another_with_gaps() {
        let mut sheet = ContactSheet::new(ImageShape::new(1, 1, 2), 2).with_gap(1);
        sheet.push(Cell::new(&[1, 2]));
        sheet.end_line();
        sheet.push(Cell::new(&[3, 4]));
        let (shape, values) = sheet.picture();
        assert_eq!((shape.channels, shape.height, shape.width), (1, 5, 7));
        let w = 255;
        let expected = [
            [w, w, w, w, w, w, w],
            [w, 1, 2, w, w, w, w],
            [w, w, w, w, w, w, w],
            [w, 3, 4, w, w, w, w],
            [w, w, w, w, w, w, w],
        ];
        assert_eq!(values, expected.concat());
    }

    #[test]
    fn a_mark_is_a_frame_around_the_picture() {
        let mut sheet = ContactSheet::new(ImageShape::new(1, 1, 1), 1)
            .with_gap(0)
            .with_scale(2);
        sheet.border = 1;
        sheet.push(Cell::new(&[7]).with_mark([200, 0, 10]));
        let (shape, values) = sheet.picture();
        assert_eq!((shape.channels, shape.height, shape.width), (3, 4, 4));
        let frame = |mark: u8| {
            [
                mark, mark, mark, mark, mark, 7, 7, mark, mark, 7, 7, mark, mark, mark, mark, mark,
            ]
        };
        assert_eq!(values, [frame(200), frame(0), frame(10)].concat());
    }
}
