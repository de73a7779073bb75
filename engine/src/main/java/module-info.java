/** Tensors and gradients: the tape, the ops, the optimizer, and safetensors. */
module org.moelora.engine {
    requires static transitive org.jspecify;
    requires transitive org.moelora.kernels;
    requires tools.jackson.core;

    exports org.moelora.engine;
    exports org.moelora.engine.io;
    exports org.moelora.engine.ops;
    exports org.moelora.engine.optim;
    exports org.moelora.engine.random;
}
