/** The {@code moelora} command. */
module org.moelora.cli {
    requires static transitive org.jspecify;
    requires org.moelora;
    requires org.moelora.server;
    requires info.picocli;
    requires tools.jackson.core;
    requires tools.jackson.dataformat.yaml;

    opens org.moelora.cli to
            info.picocli;

    provides System.LoggerFinder with
            org.moelora.cli.ConsoleLoggers;
}
