//! Short-lived state behind one small trait.
