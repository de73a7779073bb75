package org.moelora.train;

import java.math.BigDecimal;
import org.moelora.engine.InputException;
import org.moelora.settings.Kind;

/**
 * A number of steps, given as such or as a share of all steps.
 *
 * @param amount steps from 0, or a share from 0 to 1
 * @param share which of the two
 */
public record WarmUp(double amount, boolean share) {
    /** None at all. */
    public static final WarmUp NONE = new WarmUp(0, false);

    /** As files and flags write it. */
    static final Kind<WarmUp> KIND =
            Kind.text("N|P%", "steps below 1e15, or 0% to 100% of all", WarmUp::toString, WarmUp::parse);

    public WarmUp {
        if (!(amount >= 0 && amount < 1e15) || (share && amount > 1)) {
            throw new InputException("a warm-up of " + amount
                    + "; expected 0 or more steps, fewer than 1e15, or a share of 0 % to 100 %");
        }
    }

    public static WarmUp ofSteps(long steps) {
        return new WarmUp(steps, false);
    }

    /**
     * @param share from 0 to 1
     */
    public static WarmUp ofShare(double share) {
        return new WarmUp(share, true);
    }

    /**
     * Reads {@code 100} (steps) or {@code 3%}.
     *
     * @throws InputException naming the flag, if it is neither
     */
    public static WarmUp parse(String flag, String text) {
        String trimmed = text.strip();
        boolean percent = trimmed.endsWith("%");
        try {
            return percent
                    ? ofShare(Double.parseDouble(trimmed.substring(0, trimmed.length() - 1)) / 100)
                    : ofSteps(Long.parseLong(trimmed));
        } catch (NumberFormatException | InputException e) {
            throw new InputException(
                    flag + " is \"" + text
                            + "\"; expected a number of steps below 1e15, or 0% to 100% of them, e.g. 3%",
                    e);
        }
    }

    /** Steps out of {@code total}; a share is rounded up. */
    public long steps(long total) {
        return share ? (long) Math.ceil(amount * total) : (long) amount;
    }

    @Override
    public String toString() {
        String percent = new BigDecimal(amount + "")
                .movePointRight(2)
                .stripTrailingZeros()
                .toPlainString();
        if (share && Double.parseDouble(percent) / 100 == amount) {
            return percent + "%";
        }
        String number = (share ? amount * 100 : amount) + "";
        String shortest = number.endsWith(".0") ? number.substring(0, number.length() - 2) : number;
        return share ? shortest + "%" : shortest;
    }
}
