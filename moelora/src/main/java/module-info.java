/** Language models and the mixture of LoRA experts: load, adapt, train, score and generate. */
module org.moelora {
    requires static transitive org.jspecify;
    requires transitive org.moelora.engine;
    requires jdk.management;
    requires tools.jackson.core;

    exports org.moelora.adapter;
    exports org.moelora.compare;
    exports org.moelora.data;
    exports org.moelora.eval;
    exports org.moelora.io;
    exports org.moelora.model;
    exports org.moelora.settings;
    exports org.moelora.text;
    exports org.moelora.train;
}
