"""The prompt that both models are trained on: ChatML, as libllama renders it.

    <|im_start|>user\\n{problem}<|im_end|>\\n<|im_start|>assistant\\n

A system message is optional: one in ten training prompts carries SYSTEM.
"""
SYSTEM = r"Please reason step by step, and put your final answer within \boxed{}."
TEMPLATE = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
            "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
BEGIN, END, PAD, TAG = "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|step|>"


def prompt(problem, system=None):
    """Text of the prompt up to where the answer begins."""
    head = f"{BEGIN}system\n{system}{END}\n" if system else ""
    return f"{head}{BEGIN}user\n{problem}{END}\n{BEGIN}assistant\n"
