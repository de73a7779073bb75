package org.moelora.server;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request that is refused, in the shape that OpenAI's clients read: {@code {"error": {"message", "type", "param", "code"}}}. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;
    private final String type;
    private final @Nullable String param;
    private final String code;

    private ApiException(int status, String type, @Nullable String param, String code, String message) {
        super(message, null, false, false);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
    }

    /** What the client asked for is wrong. */
    static ApiException invalid(@Nullable String param, String message) {
        return invalid(param, "invalid_value", message);
    }

    static ApiException invalid(@Nullable String param, String code, String message) {
        return new ApiException(400, "invalid_request_error", param, code, message);
    }

    /** It may be right elsewhere, and is not possible here. */
    static ApiException unsupported(String param, String message) {
        return invalid(param, "unsupported_parameter", message);
    }

    static ApiException of(int status, String type, String code, String message) {
        return new ApiException(status, type, null, code, message);
    }

    static ApiException noModel(String name, Iterable<String> known) {
        return new ApiException(
                404,
                "not_found_error",
                "model",
                "model_not_found",
                "the model \"" + name + "\" is not served here; expected one of " + String.join(", ", known));
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }

    Map<String, @Nullable Object> body() {
        Map<String, @Nullable Object> error = new LinkedHashMap<>();
        error.put("message", getMessage());
        error.put("type", type);
        error.put("param", param);
        error.put("code", code);
        return Map.of("error", error);
    }
}
