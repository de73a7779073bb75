/** Tensors and gradients: the tape, the ops and the optimizer. */
@SuppressWarnings("module") // What is made of tensors is compiled after this.
module org.moelora.engine {
    requires static transitive org.jspecify;
    requires transitive org.moelora.kernels;

    exports org.moelora.engine;
    exports org.moelora.engine.ops;
    exports org.moelora.engine.optim;
    exports org.moelora.engine.random to
            org.moelora;
}
