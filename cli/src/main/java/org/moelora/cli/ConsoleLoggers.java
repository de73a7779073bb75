package org.moelora.cli;

import java.text.MessageFormat;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * The libraries' log on stderr, one short line each, e.g. {@code moelora: cpu-simd: 512-bit Vector API, 2 threads}. Below INFO only with
 * {@code -Dmoelora.debug=true}. Found by the JDK as a service.
 */
public final class ConsoleLoggers extends System.LoggerFinder {
    @Override
    public System.Logger getLogger(String name, Module module) {
        boolean ours = name.startsWith("org.moelora");
        boolean debug = ours && Boolean.getBoolean("moelora.debug");
        return new ConsoleLogger(
                name,
                debug ? System.Logger.Level.DEBUG : ours ? System.Logger.Level.INFO : System.Logger.Level.WARNING);
    }

    private record ConsoleLogger(String name, Level least) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return level != Level.OFF && level.compareTo(least) >= 0;
        }

        @Override
        public void log(
                Level level, @Nullable ResourceBundle bundle, @Nullable String message, @Nullable Throwable thrown) {
            if (isLoggable(level)) {
                System.err.println("moelora: " + message + (thrown == null ? "" : " (" + thrown + ")"));
            }
        }

        @Override
        public void log(
                Level level,
                @Nullable ResourceBundle bundle,
                @Nullable String format,
                @Nullable Object @Nullable ... params) {
            if (isLoggable(level)) {
                boolean plain = format == null || params == null || params.length == 0;
                log(level, bundle, plain ? format : MessageFormat.format(format, params), (Throwable) null);
            }
        }
    }
}
