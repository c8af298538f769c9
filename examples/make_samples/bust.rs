//! The bust as a solid: head, face, hair, neck, shoulders, shirt. Centimetres; x to the viewer's
//! right, y up, z toward the viewer. The head's own frame has its origin between the eyes' level
//! and the ears: chin at y = -11.5, top of the skull at +11.5.

use crate::shape::{V, cut, ellipsoid, join, pitch, rod, roll, sphere, step, v, yaw};

/// What the bust is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Skin,
    Eye,
    Hair,
    Shirt,
}

/// How head and shoulders are turned, radians; positive yaw looks to the viewer's right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pose {
    pub(crate) yaw: f32,
    pub(crate) pitch: f32,
    pub(crate) roll: f32,
    pub(crate) body_yaw: f32,
    /// Width, height and depth of the head against the one modelled here.
    pub(crate) head: [f32; 3],
}

/// The joint of the head, in the neck.
const PIVOT: [f32; 3] = [0.0, -8.0, -2.5];

/// A point in the head's own frame.
pub(crate) fn to_head(p: V, pose: Pose) -> V {
    let pivot = V::from(PIVOT);
    let turned = roll(pitch(yaw(p - pivot, -pose.yaw), -pose.pitch), -pose.roll);
    turned.component_div(&V::from(pose.head)) + pivot
}

/// The inverse of [`to_head`].
pub(crate) fn from_head(q: V, pose: Pose) -> V {
    let pivot = V::from(PIVOT);
    let p = (q - pivot).component_mul(&V::from(pose.head));
    yaw(pitch(roll(p, pose.roll), pose.pitch), pose.yaw) + pivot
}

fn to_body(p: V, pose: Pose) -> V {
    let axis = v(0.0, 0.0, PIVOT[2]);
    yaw(p - axis, -pose.body_yaw) + axis
}

/// How far above the upper and below the lower border of the almond between the lids a place is;
/// both below 0 inside. `x` from the middle of the eye toward the temple, `y` up.
pub(crate) fn lid_opening(x: f32, y: f32) -> (f32, f32) {
    let t = ((x + 0.02) / 1.5).clamp(-1.2, 1.2);
    let arch = 1.0 - t * t;
    let upper = 0.57 * arch - 0.10 * t * arch + 0.08 * t;
    let lower = -0.46 * arch - 0.06 * t * arch + 0.08 * t;
    (y - upper, lower - y)
}

/// Middle of the eye on the right of the picture, and radius of the ball.
pub(crate) const EYE: [f32; 3] = [3.15, 0.0, 6.75];
pub(crate) const EYE_R: f32 = 1.22;

/// `q` with its left half folded onto the right one, without a crease in the middle.
fn folded(q: V) -> V {
    v((q.x * q.x + 0.09).sqrt() - 0.05, q.y, q.z)
}

fn head(q: V) -> f32 {
    let m = folded(q);
    // Skull and the masses of the face.
    let mut d = ellipsoid(q - v(0.0, 3.3, -1.4), v(7.3, 8.2, 9.3));
    d = join(d, ellipsoid(q - v(0.0, 4.4, 1.8), v(6.3, 5.8, 7.1)), 2.0);
    d = join(d, ellipsoid(q - v(0.0, -3.2, 2.2), v(5.9, 6.6, 6.2)), 2.5);
    // Jaw: from its angle below the ear to the chin.
    d = join(
        d,
        rod(m, v(4.5, -6.0, 0.8), v(1.2, -9.9, 6.6), 1.2, 1.3),
        3.0,
    );
    d = join(
        d,
        rod(m, v(5.1, -1.5, -0.2), v(4.5, -6.0, 0.8), 1.2, 1.2),
        2.6,
    );
    d = join(d, ellipsoid(q - v(0.0, -10.0, 6.9), v(2.0, 1.6, 1.7)), 1.6);
    // Cheekbones and cheeks.
    d = join(d, ellipsoid(m - v(4.6, -2.2, 5.2), v(1.9, 1.5, 1.9)), 2.0);
    d = join(
        d,
        rod(m, v(5.0, -2.2, 4.4), v(6.2, -1.3, 0.5), 0.6, 0.5),
        2.4,
    );
    d = join(d, ellipsoid(m - v(3.3, -4.9, 5.6), v(2.1, 2.4, 2.0)), 2.2);
    // Around the mouth.
    d = join(d, ellipsoid(q - v(0.0, -6.9, 6.2), v(2.9, 2.6, 3.0)), 1.8);
    // Temples go in a little.
    d = cut(d, ellipsoid(m - v(8.0, 2.2, 4.6), v(1.4, 2.4, 2.2)), 1.6);
    // Brow.
    d = join(
        d,
        rod(m, v(1.3, 1.85, 7.75), v(4.5, 2.2, 6.2), 0.7, 0.55),
        1.6,
    );
    // Eye sockets.
    d = cut(d, ellipsoid(m - v(2.9, 0.1, 9.0), v(1.75, 1.05, 1.5)), 1.4);
    d = cut(d, ellipsoid(m - v(1.75, 0.35, 8.9), v(0.75, 0.9, 0.9)), 0.9);
    d = eyelids(d, m);
    d = nose(d, q, m);
    d = mouth(d, q, m);
    d = join(d, ear(m), 0.35);
    d
}

fn eyelids(d: f32, m: V) -> f32 {
    let e = m - V::from(EYE);
    let ball = e.norm() - (EYE_R + 0.17);
    let (above, below) = lid_opening(e.x, e.y);
    let mut lids = ball.max(-1.2 - e.z);
    // The lids cover the ball outside of the almond.
    let opening = above.max(below).max(-e.z);
    lids = cut(lids, opening, 0.16);
    let mut d = cut(d, e.norm() - (EYE_R + 0.05), 0.1);
    d = join(d, lids, 0.45);
    // Keep the almond open where face and lids were joined.
    let open = above.max(below).max(-e.z).max(sphere(e, EYE_R + 0.9));
    d = cut(d, open + 0.02, 0.12);
    // The fold above the upper lid.
    let t = (e.x / 1.5).clamp(-1.0, 1.1);
    let fold_y = 1.0 * (1.0 - 0.72 * t * t) + 0.10 * t;
    let fold = ((e.y - fold_y).powi(2) + (e.norm() - EYE_R - 0.25).powi(2)).sqrt();
    let fade = step(1.9, 1.2, e.x.abs());
    d + 0.10 * fade * (-fold * fold / 0.012).exp()
}

fn nose(d: f32, q: V, m: V) -> f32 {
    // Bridge, tip, wings, the skin between the nostrils.
    let mut n = rod(q, v(0.0, 1.2, 7.6), v(0.0, -2.2, 9.15), 0.6, 0.62);
    n = join(
        n,
        rod(q, v(0.0, -1.6, 8.95), v(0.0, -3.5, 9.95), 0.62, 0.72),
        0.6,
    );
    n = join(n, sphere(m - v(0.3, -3.6, 9.85), 0.62), 0.5);
    n = join(
        n,
        rod(m, v(0.1, 0.4, 7.4), v(1.0, -3.2, 8.3), 0.7, 0.8),
        0.9,
    );
    n = join(
        n,
        ellipsoid(m - v(1.12, -3.85, 8.75), v(0.62, 0.66, 0.95)),
        0.65,
    );
    n = join(
        n,
        rod(q, v(0.0, -3.95, 9.8), v(0.0, -4.45, 8.7), 0.36, 0.4),
        0.4,
    );
    let d = join(d, n, 0.7);
    let nostril = ellipsoid(roll(m - v(0.66, -4.35, 9.2), -0.4), v(0.27, 0.42, 0.55));
    cut(d, nostril, 0.25)
}

/// Half the width of the mouth.
const MOUTH: f32 = 2.45;
const MOUTH_Y: f32 = -6.95;

/// How far the lips stand back from the middle, following the teeth.
fn lip_arc(x: f32) -> f32 {
    let x = x.min(MOUTH);
    0.075 * x * x + 0.014 * x * x * x * x
}

/// Height of the line between the lips.
pub(crate) fn lip_line(x: f32) -> f32 {
    MOUTH_Y + 0.06 * (x * 1.9).cos() + 0.022 * x * x
}

/// Height and depth of the upper and the lower lip at `x` from the middle.
pub(crate) fn lip_radii(x: f32) -> ([f32; 2], [f32; 2]) {
    let taper = (1.0 - (x / MOUTH).powi(2)).max(0.0);
    let bow = 0.74 + 0.12 * (-((x - 0.7) / 0.45).powi(2)).exp() - 0.10 * (-(x / 0.3).powi(2)).exp();
    (
        [
            (bow * taper.powf(0.85)).max(0.03),
            0.70 * taper.powf(0.5) + 0.05,
        ],
        [
            (0.84 * taper.powf(0.65)).max(0.03),
            0.80 * taper.powf(0.5) + 0.05,
        ],
    )
}

fn mouth(d: f32, q: V, m: V) -> f32 {
    let x = m.x;
    let front = 9.25 - lip_arc(x);
    let taper = (1.0 - (x / MOUTH).powi(2)).max(0.0);
    let line = lip_line(x);
    let beyond = (x - MOUTH).max(0.0);
    let lip = |radii: [f32; 2], up: f32, back: f32| {
        let (y, z) = (q.y - line - up, q.z - front + back);
        let section = ((y / radii[0]).hypot(z / radii[1]) - 1.0) * radii[0].min(radii[1]) * 0.8;
        section.max(0.0).hypot(beyond) + section.min(0.0)
    };
    let philtrum = (-(q.x / 0.33).powi(2)).exp() * step(-4.7, -5.3, q.y) * step(-6.4, -6.0, q.y);
    let mut d = d + 0.12 * philtrum * step(7.0, 8.5, q.z);
    let (upper, lower) = lip_radii(x);
    d = join(d, lip(upper, 0.26 * taper, 0.44), 0.25);
    d = join(d, lip(lower, -0.55 * taper, 0.46), 0.25);
    // The line between them, and the dimples at its ends.
    let groove = (q.y - line).abs() - 0.02;
    let deep = groove
        .max(front - 0.62 * taper.sqrt() - 0.1 - q.z)
        .max(x - MOUTH + 0.35);
    d = cut(d, deep, 0.20);
    d = cut(d, sphere(m - v(2.62, MOUTH_Y + 0.08, 8.55), 0.28), 0.8);
    // Between lower lip and chin.
    cut(d, ellipsoid(q - v(0.0, -8.6, 9.6), v(1.7, 0.5, 0.75)), 0.9)
}

fn ear(m: V) -> f32 {
    // Local: x away from the head, y up, z front; leaning back.
    let e = m - v(7.15, -0.7, -1.3);
    let e = pitch(e, -0.18);
    let e = yaw(e, -0.55);
    let outer = ellipsoid(e - v(0.15, 0.3, -0.2), v(0.55, 2.8, 1.75));
    let lobe = ellipsoid(e - v(-0.15, -2.1, 0.6), v(0.35, 0.9, 0.7));
    let mut d = join(outer, lobe, 0.5);
    // The bowl, leaving the rim.
    d = cut(
        d,
        ellipsoid(e - v(0.85, 0.35, 0.0), v(0.62, 2.3, 1.15)),
        0.3,
    );
    d = join(d, ellipsoid(e - v(0.2, 0.1, -0.65), v(0.4, 1.6, 0.35)), 0.3);
    d = cut(d, ellipsoid(e - v(0.6, -0.6, 0.35), v(0.7, 0.8, 0.6)), 0.3);
    d = join(d, ellipsoid(e - v(0.2, -0.6, 1.25), v(0.4, 0.6, 0.35)), 0.3);
    d
}

fn neck(p: V) -> f32 {
    let mut d = rod(p, v(0.0, -6.0, -3.0), v(0.0, -20.0, -4.4), 4.7, 5.3);
    let b = folded(p);
    // Sternomastoids: from behind the ear to the breastbone.

    d = join(
        d,
        rod(b, v(4.4, -6.0, -3.6), v(1.2, -18.0, 1.0), 1.0, 0.75),
        1.8,
    );
    d = join(d, ellipsoid(p - v(0.0, -13.2, 1.2), v(1.2, 1.9, 0.8)), 1.8);
    d
}

fn torso(b: V) -> f32 {
    let m = v((b.x * b.x + 0.6).sqrt() - 0.3, b.y, b.z);
    let mut d = ellipsoid(b - v(0.0, -31.0, -4.0), v(17.5, 12.5, 8.5));
    d = join(
        d,
        rod(m, v(3.0, -15.0, -5.5), v(15.0, -20.8, -5.0), 2.6, 2.6),
        4.0,
    );
    d = join(d, sphere(m - v(17.3, -24.5, -4.5), 5.0), 4.0);
    d = join(
        d,
        rod(m, v(1.5, -20.2, 1.6), v(13.5, -19.6, -2.5), 0.75, 0.8),
        1.4,
    );
    d = join(d, ellipsoid(m - v(7.5, -30.0, 1.0), v(8.0, 8.0, 4.5)), 4.0);
    d
}

/// Smooth waves of locks: position across the strands, and the shape of their surface.
fn strands(q: V) -> f32 {
    // Strands run from the brow back; their angle about the axis of the head tells them apart.
    let (x, y) = (q.x + 1.6, q.y - 1.5);
    let mut a = y.atan2(x);
    let r = x.hypot(y);
    a += 0.09 * (0.55 * q.z + 2.0 * a).sin() + 0.03 * (1.3 * q.z - 4.0 * a + 1.0).sin();
    let lock =
        (9.0 * a + 0.9 * (2.3 * a + 0.31 * q.z).sin() + 0.8 * (0.5 * q.z + 3.0 * a).sin()).sin();
    let sub = (29.0 * a + 1.6 * (0.37 * q.z + 4.0 * a).sin() + 1.4 * lock).sin();
    let fine = (83.0 * a + 2.5 * (0.5 * q.z + 7.0 * a).sin()).sin();
    let finest = (191.0 * a + 3.0 * (0.4 * q.z + 9.0 * a).sin()).sin();
    let fade = step(0.5, 4.0, r);
    fade * (0.20 * lock + 0.09 * sub + 0.05 * fine + 0.022 * finest)
}

pub(crate) fn hair(q: V) -> f32 {
    let m = v(q.x.abs(), q.y, q.z);
    let mut d = ellipsoid(q - v(0.0, 4.0, -1.9), v(8.2, 8.6, 9.6));
    // Volume over the brow.
    d = join(d, ellipsoid(q - v(0.7, 9.2, 4.2), v(5.9, 3.3, 4.2)), 2.0);
    d = join(d, ellipsoid(m - v(6.2, 4.5, 1.0), v(1.7, 3.8, 4.2)), 1.5);
    // The face.
    let oval = (((q.x - 0.3) / 6.7).powi(2) + ((q.y + 2.0) / 8.7).powi(2)).sqrt() - 1.0;
    let face = (oval * 6.0).max(1.6 - q.z + 0.30 * (q.y - 2.0));
    // Close to the skin where it starts at the temples.
    d += 0.75 * step(2.6, 0.0, face) * step(8.5, 4.5, q.y);
    if d < 1.5 {
        d -= strands(q) * (0.45 + 0.55 * step(0.0, 2.5, face));
    }
    d = cut(d, face, 0.9);
    // Nape, and the ears.
    d = d.max(-6.2 - q.y - 1.05 * (q.z + 2.0).max(0.0));
    cut(d, ellipsoid(m - v(8.2, -2.2, -1.0), v(2.6, 3.7, 2.3)), 0.7)
}

/// How far inside the opening for the neck; below 0 where the shirt is.
fn neckline(b: V) -> f32 {
    let around = 6.2 - (b.x * 0.92).hypot(b.z + 3.6);
    join(around, b.y + 19.6 + 0.25 * b.z, 1.5)
}

fn shirt(torso: f32, b: V) -> f32 {
    let inside = neckline(b);
    let rib = step(-1.5, -1.1, inside) * step(0.3, 0.0, inside);
    let fold = 0.20 * (0.35 * b.x + 0.8 * b.y + 1.2 * (0.3 * b.x.abs() - 0.2 * b.y).sin()).sin()
        + 0.10 * (0.9 * b.x - 0.6 * b.y + 2.0).sin();
    let folds = fold * step(-2.0, -7.0, inside);
    let cloth = torso - 0.45 - folds - 0.14 * rib;
    cut(cloth, -inside, 0.35)
}

/// Distance to the bust, and what it is made of there.
pub(crate) fn bust(p: V, pose: Pose) -> (f32, Part) {
    let q = to_head(p, pose);
    let b = to_body(p, pose);
    let far = (q - v(0.0, 0.5, -0.5)).norm() - 13.5;
    let torso = torso(b - v(0.0, 1.6, 0.0));
    // The pit above the breastbone is in the skin, not in the cloth.
    let chest = cut(
        torso,
        ellipsoid(b - v(0.0, -18.0, 3.0), v(1.0, 1.2, 1.4)),
        1.2,
    );
    let mut skin = join(neck(b), chest, 2.5);
    let mut best = (shirt(torso, b), Part::Shirt);
    if far > 2.0 {
        skin = skin.min(far);
    } else {
        skin = join(head(q), skin, 1.8);
        let ball = sphere(v(q.x.abs(), q.y, q.z) - V::from(EYE), EYE_R);
        for other in [(ball, Part::Eye), (hair(q), Part::Hair)] {
            if other.0 < best.0 {
                best = other;
            }
        }
    }
    // Stretched space makes distances seem longer than they are.
    let true_at_least = pose.head.into_iter().fold(1.0, f32::min);
    if skin < best.0 {
        (skin * true_at_least, Part::Skin)
    } else {
        (best.0 * true_at_least, best.1)
    }
}
