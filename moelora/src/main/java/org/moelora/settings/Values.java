package org.moelora.settings;

import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonObject;

/** Where the values of settings come from: a file, flags, another record. */
public interface Values {
    /** None: every setting has its default. */
    Values NONE = new Values() {
        @Override
        public <T> @Nullable T said(Setting<?, T> setting) {
            return null;
        }
    };

    /** The value of a setting; null if it is not set. */
    <T> @Nullable T said(Setting<?, T> setting);

    /** The value of a setting, or its default. */
    default <T> T get(Setting<?, T> setting) {
        T said = said(setting);
        T value = said == null ? setting.otherwise() : said;
        if (value == null) {
            throw new IllegalStateException(setting.name() + " is not set and has no default; expected a value for it");
        }
        return value;
    }

    /** These, and where they say nothing, others. */
    default Values or(Values others) {
        Values first = this;
        return new Values() {
            @Override
            public <T> @Nullable T said(Setting<?, T> setting) {
                T said = first.said(setting);
                return said == null ? others.said(setting) : said;
            }
        };
    }

    /** These, and another value of one setting. */
    default <V> Values and(Setting<?, V> one, V value) {
        return of(Map.of(one.name(), value)).or(this);
    }

    /** By the settings' names. */
    static Values of(Map<String, ? extends @Nullable Object> byName) {
        return new Values() {
            @Override
            @SuppressWarnings("unchecked") // a name has one type
            public <T> @Nullable T said(Setting<?, T> setting) {
                return (T) byName.get(setting.name());
            }
        };
    }

    /** By the settings' fields. A setting that files always have is an error where it is missing. */
    static Values of(JsonObject json) {
        return of(json, Setting::field);
    }

    /** By names that a file has for the settings. A setting that files always have is an error where it is missing. */
    static Values of(JsonObject json, Function<Setting<?, ?>, String> names) {
        return new Values() {
            @Override
            public <T> @Nullable T said(Setting<?, T> setting) {
                String field = names.apply(setting);
                return json.has(field) || setting.presence() == Setting.Presence.ALWAYS
                        ? setting.kind().reader().apply(json, field)
                        : null;
            }
        };
    }
}
