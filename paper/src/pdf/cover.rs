//! Where things stand on a page: what is painted after the QR code, and over it, hides it from every scanner.

use typst::layout::{Abs, Point, Rect, Size, Transform};
use typst::text::TextItem;
use typst::visualize::{CurveItem, Geometry, Shape};

/// How far something may reach into the quiet zone, by rounding, in points.
const SLACK_PT: f64 = 0.05;

/// A rectangle on the page, in points from its left upper corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    /// The smallest that holds all points, as they stand on the page; none for what has no extent that could be drawn.
    fn around(points: impl IntoIterator<Item = Point>, placed: Transform) -> Option<Self> {
        let mut area: Option<Self> = None;
        for point in points {
            let at = point.transform(placed);
            let (x, y) = (at.x.to_pt(), at.y.to_pt());
            if !x.is_finite() || !y.is_finite() {
                return None;
            }
            let one = Self {
                left: x,
                top: y,
                right: x,
                bottom: y,
            };
            area = Some(area.map_or(one, |area| Self {
                left: area.left.min(x),
                top: area.top.min(y),
                right: area.right.max(x),
                bottom: area.bottom.max(y),
            }));
        }
        area
    }

    /// That of a thing so large.
    pub(super) fn of(size: Size, placed: Transform) -> Option<Self> {
        Self::corners(Rect::from_pos_size(Point::zero(), size), placed)
    }

    fn corners(of: Rect, placed: Transform) -> Option<Self> {
        let others = [
            Point::new(of.min.x, of.max.y),
            Point::new(of.max.x, of.min.y),
        ];
        Self::around([of.min, of.max].into_iter().chain(others), placed)
    }

    /// Whether both have more than an edge in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let apart = |low: f64, high: f64| high - low <= SLACK_PT;
        !(apart(self.left.max(other.left), self.right.min(other.right))
            || apart(self.top.max(other.top), self.bottom.min(other.bottom)))
    }

    /// Whether all of it is inside a page so large.
    pub(super) fn is_on(&self, page: Size) -> bool {
        self.left >= -SLACK_PT
            && self.top >= -SLACK_PT
            && self.right <= page.x.to_pt() + SLACK_PT
            && self.bottom <= page.y.to_pt() + SLACK_PT
    }
}

/// Where letters are painted.
pub(super) fn of_text(text: &TextItem, placed: Transform) -> Option<Area> {
    Area::corners(text.bbox(), placed)
}

/// Where a shape is painted: its whole extent when it is filled, else along its strokes.
pub(super) fn of_shape(shape: &Shape, placed: Transform) -> Vec<Area> {
    if shape.fill.is_some() {
        return Area::corners(shape.bbox(true), placed)
            .into_iter()
            .collect();
    }
    let Some(stroke) = &shape.stroke else {
        return Vec::new();
    };
    let half = stroke.thickness / 2.0;
    let along = |points: &[Point]| {
        let thick = points.iter().flat_map(|point| {
            let by = |x: Abs, y: Abs| Point::new(point.x + x, point.y + y);
            [
                by(-half, -half),
                by(half, -half),
                by(half, half),
                by(-half, half),
            ]
        });
        Area::around(thick, placed)
    };
    let line = |points: &[Point]| -> Vec<Area> { points.windows(2).filter_map(&along).collect() };
    match &shape.geometry {
        Geometry::Line(end) => line(&[Point::zero(), *end]),
        Geometry::Rect(size) => line(&[
            Point::zero(),
            Point::with_x(size.x),
            size.to_point(),
            Point::with_y(size.y),
            Point::zero(),
        ]),
        Geometry::Curve(curve) => {
            let (mut begun, mut at) = (Point::zero(), Point::zero());
            let parts = curve.0.iter().filter_map(|item| match item {
                CurveItem::Move(to) => {
                    (begun, at) = (*to, *to);
                    None
                }
                CurveItem::Line(to) => along(&[std::mem::replace(&mut at, *to), *to]),
                // A curve stays among its points.
                CurveItem::Cubic(one, two, to) => {
                    along(&[std::mem::replace(&mut at, *to), *one, *two, *to])
                }
                CurveItem::Close => along(&[std::mem::replace(&mut at, begun), begun]),
            });
            parts.collect()
        }
    }
}
