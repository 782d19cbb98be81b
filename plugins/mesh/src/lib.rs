//! Who calls whom, as the mesh of each cluster measures it: Linkerd.
