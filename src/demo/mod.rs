//! The whole main job on one machine: embedded directory, IdP, Entra simulator, and a walk through them.
