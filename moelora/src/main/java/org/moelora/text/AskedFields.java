package org.moelora.text;

import java.util.AbstractMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A message as a template sees it, which keeps in mind what the template asked it for. For one rendering. */
final class AskedFields extends AbstractMap<String, @Nullable Object> {
    private final Map<String, @Nullable Object> fields;
    private final Set<Object> asked = new HashSet<>();

    AskedFields(Map<String, @Nullable Object> fields) {
        this.fields = fields;
    }

    boolean wasAskedFor(String name) {
        return asked.contains(name);
    }

    @Override
    public boolean containsKey(@Nullable Object name) {
        asked.add(String.valueOf(name));
        return fields.containsKey(name);
    }

    @Override
    public @Nullable Object get(@Nullable Object name) {
        asked.add(String.valueOf(name));
        return fields.get(name);
    }

    @Override
    public Set<Map.Entry<String, @Nullable Object>> entrySet() {
        asked.addAll(fields.keySet());
        return fields.entrySet();
    }

    /** Asks for no field: whether there is any says nothing of one. */
    @Override
    public int size() {
        return fields.size();
    }
}
